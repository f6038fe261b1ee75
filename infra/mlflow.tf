# MLflow's database, reached over the private network only.

resource "google_compute_global_address" "services" {
  name          = "faces-services"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = 20
  network       = google_compute_network.faces.id
}

resource "google_service_networking_connection" "services" {
  network                 = google_compute_network.faces.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.services.name]
}

resource "google_sql_database_instance" "mlflow" {
  name                = "faces-mlflow"
  region              = var.region
  database_version    = "POSTGRES_16"
  deletion_protection = true

  settings {
    tier    = "db-f1-micro"
    edition = "ENTERPRISE"

    ip_configuration {
      ipv4_enabled    = false
      private_network = google_compute_network.faces.id
      ssl_mode        = "ENCRYPTED_ONLY"
    }

    backup_configuration {
      enabled = true
    }
  }

  depends_on = [google_service_networking_connection.services]
}

resource "google_sql_database" "mlflow" {
  name     = "mlflow"
  instance = google_sql_database_instance.mlflow.name
}

resource "random_password" "mlflow" {
  length  = 32
  special = false
}

resource "google_sql_user" "mlflow" {
  name     = "mlflow"
  instance = google_sql_database_instance.mlflow.name
  password = random_password.mlflow.result
}

resource "google_secret_manager_secret" "mlflow" {
  secret_id = "faces-mlflow-database"

  replication {
    auto {}
  }

  depends_on = [google_project_service.used]
}

resource "google_secret_manager_secret_version" "mlflow" {
  secret      = google_secret_manager_secret.mlflow.id
  secret_data = "postgresql://mlflow:${random_password.mlflow.result}@${google_sql_database_instance.mlflow.private_ip_address}/mlflow"
}

resource "google_secret_manager_secret_iam_member" "mlflow" {
  secret_id = google_secret_manager_secret.mlflow.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.mlflow.member
}
