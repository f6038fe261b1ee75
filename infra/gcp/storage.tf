# Artifacts of ZenML and Vertex AI. Object versions keep every previous data and model version.
resource "google_storage_bucket" "artifacts" {
  name                        = "${var.project}-faces"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }

  # What `forget` deletes must be gone. It also deletes noncurrent versions.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  depends_on = [google_project_service.used]
}

# Captured requests. They are deleted after `capture_days`, and no object version is kept.
resource "google_storage_bucket" "captured" {
  name                        = "${var.project}-faces-captured"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    condition {
      age = var.capture_days
    }
    action {
      type = "Delete"
    }
  }

  depends_on = [google_project_service.used]
}

# Source code that gcloud uploads for a build.
resource "google_storage_bucket" "builds" {
  name                        = "${var.project}-faces-builds"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true

  lifecycle_rule {
    condition {
      age = 7
    }
    action {
      type = "Delete"
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_artifact_registry_repository" "images" {
  repository_id = "face-recognizer"
  format        = "DOCKER"
  location      = var.region

  cleanup_policies {
    id     = "untagged"
    action = "DELETE"

    condition {
      tag_state  = "UNTAGGED"
      older_than = "2592000s"
    }
  }

  depends_on = [google_project_service.used]
}

locals {
  registry = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"
}
