# The ZenML server, which laptops and steps on Vertex AI use: Cloud Run, and the database of database.tf.
# It requires a login, over TLS.

resource "google_sql_database" "zenml" {
  name     = "zenml"
  instance = google_sql_database_instance.faces.name
}

resource "google_sql_user" "zenml" {
  name     = "zenml"
  instance = google_sql_database_instance.faces.name
  password = random_password.zenml["database"].result
}

resource "random_password" "zenml" {
  for_each = toset(["database", "login", "tokens", "secrets"])

  length  = 32
  special = false
}

locals {
  zenml_database = "mysql://zenml:${random_password.zenml["database"].result}@${google_sql_database_instance.faces.private_ip_address}/zenml?ssl=true"
}

resource "google_cloud_run_v2_service" "zenml" {
  name                = "faces-zenml"
  location            = var.region
  deletion_protection = false
  # ZenML's own login protects it: its clients cannot send two credentials.
  invoker_iam_disabled = true

  template {
    service_account = google_service_account.zenml.email

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
      image = "docker.io/zenmldocker/zenml-server:0.98.0"

      ports {
        container_port = 8080
      }

      resources {
        limits = { cpu = "1", memory = "2Gi" }
      }

      env {
        name  = "ZENML_SERVER_AUTO_ACTIVATE"
        value = "true"
      }

      # The connector to the cluster lends steps this server's own identity for an hour.
      env {
        name  = "ZENML_ENABLE_IMPLICIT_AUTH_METHODS"
        value = "true"
      }

      dynamic "env" {
        for_each = {
          ZENML_STORE_URL                        = "zenml-database"
          ZENML_DEFAULT_USER_PASSWORD            = "zenml-login"
          ZENML_SERVER_JWT_SECRET_KEY            = "zenml-tokens"
          ZENML_SECRETS_STORE_SQL_ENCRYPTION_KEY = "zenml-secrets"
        }
        content {
          name = env.key
          value_source {
            secret_key_ref {
              secret  = google_secret_manager_secret.server[env.value].secret_id
              version = "latest"
            }
          }
        }
      }
    }
  }

  depends_on = [
    google_secret_manager_secret_version.server, google_secret_manager_secret_iam_member.server,
    google_sql_database.zenml, google_sql_user.zenml,
  ]
}
