# One identity for each kind of work, each with what it needs and no more.

resource "google_service_account" "pipelines" {
  account_id   = "faces-pipelines"
  display_name = "Steps of pipelines on Vertex AI"
}

resource "google_service_account" "serving" {
  account_id   = "faces-serving"
  display_name = "The prediction endpoint"
}

resource "google_service_account" "mlflow" {
  account_id   = "faces-mlflow"
  display_name = "The MLflow server"
}

# Pipelines: artifacts, captured faces (to read only), images, jobs of their own.
resource "google_storage_bucket_iam_member" "pipelines_artifacts" {
  bucket = google_storage_bucket.artifacts.name
  role   = "roles/storage.objectAdmin"
  member = google_service_account.pipelines.member
}

resource "google_storage_bucket_iam_member" "pipelines_captured" {
  bucket = google_storage_bucket.captured.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.pipelines.member
}

resource "google_artifact_registry_repository_iam_member" "pipelines_images" {
  repository = google_artifact_registry_repository.images.name
  location   = var.region
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.pipelines.member
}

resource "google_project_iam_member" "pipelines_jobs" {
  project = var.project
  role    = "roles/aiplatform.user"
  member  = google_service_account.pipelines.member
}

# A step deploys: it may change SeldonDeployments in one namespace (see cluster.tf), nothing else.
resource "google_project_iam_member" "pipelines_cluster" {
  project = var.project
  role    = "roles/container.clusterViewer"
  member  = google_service_account.pipelines.member
}

# The endpoint: reads models, and adds captured faces. It cannot read what others sent.
resource "google_storage_bucket_iam_member" "serving_models" {
  bucket = google_storage_bucket.artifacts.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.serving.member
}

resource "google_storage_bucket_iam_member" "serving_captured" {
  bucket = google_storage_bucket.captured.name
  role   = "roles/storage.objectCreator"
  member = google_service_account.serving.member
}

# MLflow: its artifacts and its database.
resource "google_storage_bucket_iam_member" "mlflow_artifacts" {
  bucket = google_storage_bucket.artifacts.name
  role   = "roles/storage.objectAdmin"
  member = google_service_account.mlflow.member

  condition {
    title      = "mlflow only"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.artifacts.name}/objects/mlflow/\")"
  }
}

resource "google_project_iam_member" "mlflow_database" {
  project = var.project
  role    = "roles/cloudsql.client"
  member  = google_service_account.mlflow.member
}

# Workload identity: pods of these Kubernetes accounts act as those identities, without keys.
resource "google_service_account_iam_member" "workloads" {
  for_each = {
    serving = google_service_account.serving.name
    mlflow  = google_service_account.mlflow.name
  }

  service_account_id = each.value
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.project}.svc.id.goog[${local.namespace}/${each.key}]"

  depends_on = [google_container_cluster.faces]
}
