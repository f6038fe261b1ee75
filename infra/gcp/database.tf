# The private network, and the smallest MySQL instance, which the MLflow and the ZenML server share.

resource "google_compute_network" "faces" {
  name                    = "faces"
  auto_create_subnetworks = false

  depends_on = [google_project_service.used]
}

resource "google_compute_subnetwork" "faces" {
  name                     = "faces"
  network                  = google_compute_network.faces.id
  region                   = var.region
  ip_cidr_range            = "10.10.0.0/20"
  private_ip_google_access = true
}

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
  deletion_policy         = "ABANDON" # Google refuses for hours after the databases are gone
}

resource "google_sql_database_instance" "faces" {
  name                = "faces"
  region              = var.region
  database_version    = "MYSQL_8_0"
  deletion_protection = var.deletion_protection

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
