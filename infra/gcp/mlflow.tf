# The MLflow server: Cloud Run, artifacts in the bucket, runs in the database of database.tf. It requires a
# user name and a password, over TLS.

resource "google_sql_database" "mlflow" {
  name     = "mlflow"
  instance = google_sql_database_instance.faces.name

  deletion_policy = "ABANDON" # connections of a server that is ending would prevent it
}

resource "random_password" "mlflow" {
  length  = 32
  special = false
}

resource "google_sql_user" "mlflow" {
  name     = "mlflow"
  instance = google_sql_database_instance.faces.name
  password = random_password.mlflow.result

  deletion_policy = "ABANDON" # a user that owns tables cannot be deleted; it ends with the instance
}

resource "random_password" "mlflow_admin" {
  length  = 32
  special = false
}

resource "random_password" "mlflow_cookies" {
  length  = 32
  special = false
}

# It encrypts the secrets of webhooks in the database: MLflow could not read them after a change.
resource "random_password" "mlflow_webhooks" {
  length  = 32
  special = false
}

# The only account is created at each start: MLflow's tables of accounts cannot be created in MySQL, where
# names of foreign keys are unique.
locals {
  mlflow_database = "mysql+pymysql://mlflow:${random_password.mlflow.result}@${google_sql_database_instance.faces.private_ip_address}/mlflow?ssl_check_hostname=false"
  mlflow_accounts = <<-EOT
    [mlflow]
    default_permission = READ
    database_uri = sqlite:////tmp/accounts.db
    admin_username = faces
    admin_password = ${random_password.mlflow_admin.result}
    authorization_function = mlflow.server.auth:authenticate_request_basic_auth
  EOT
}

resource "google_cloud_run_v2_service" "mlflow" {
  count = var.mlflow_tag == "" ? 0 : 1

  name                = "faces-mlflow"
  location            = var.region
  deletion_protection = false
  # MLflow's own login protects it: its clients cannot send two credentials.
  invoker_iam_disabled = true

  template {
    service_account = google_service_account.mlflow.email

    scaling {
      max_instance_count = 1
    }

    vpc_access {
      egress = "PRIVATE_RANGES_ONLY"
      network_interfaces {
        network    = google_compute_network.faces.id
        subnetwork = google_compute_subnetwork.faces.id
      }
    }

    containers {
      image   = "${local.registry}/mlflow:${var.mlflow_tag}"
      command = ["sh", "-c"]
      args = [join(" ", [
        "exec python -m mlflow server --host 0.0.0.0 --port 8080 --workers 1 --app-name basic-auth",
        "--backend-store-uri \"$DATABASE\"",
        "--artifacts-destination gs://${google_storage_bucket.artifacts.name}/mlflow",
        "--allowed-hosts '*'",
      ])]

      ports {
        container_port = 8080
      }

      resources {
        limits = { cpu = "1", memory = "2Gi" }
      }

      env {
        name  = "MLFLOW_AUTH_CONFIG_PATH"
        value = "/accounts/basic_auth.ini"
      }

      env {
        name = "MLFLOW_FLASK_SERVER_SECRET_KEY"
        value_source {
          secret_key_ref {
            secret  = google_secret_manager_secret.server["mlflow-cookies"].secret_id
            version = "latest"
          }
        }
      }

      env {
        name = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"
        value_source {
          secret_key_ref {
            secret  = google_secret_manager_secret.server["mlflow-webhooks"].secret_id
            version = "latest"
          }
        }
      }

      env {
        name = "DATABASE"
        value_source {
          secret_key_ref {
            secret  = google_secret_manager_secret.server["mlflow-database"].secret_id
            version = "latest"
          }
        }
      }

      volume_mounts {
        name       = "accounts"
        mount_path = "/accounts"
      }
    }

    volumes {
      name = "accounts"
      secret {
        secret = google_secret_manager_secret.server["mlflow-accounts"].secret_id
        items {
          version = "latest"
          path    = "basic_auth.ini"
        }
      }
    }
  }

  depends_on = [
    google_secret_manager_secret_version.server, google_secret_manager_secret_iam_member.server,
    google_sql_database.mlflow, google_sql_user.mlflow,
  ]
}
