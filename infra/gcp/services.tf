locals {
  services = [
    "aiplatform", "artifactregistry", "billingbudgets", "cloudbuild", "cloudresourcemanager", "compute",
    "container", "iam", "iamcredentials", "logging", "monitoring", "run", "secretmanager", "servicenetworking",
    "sqladmin", "storage",
  ]
}

resource "google_project_service" "used" {
  for_each = toset(local.services)

  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false
}
