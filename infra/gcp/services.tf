locals {
  services = [
    "aiplatform", "artifactregistry", "billingbudgets", "cloudbuild", "compute", "container",
    "iam", "run", "secretmanager", "servicenetworking", "sqladmin", "storage",
  ]
}

resource "google_project_service" "used" {
  for_each = toset(local.services)

  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false
}
