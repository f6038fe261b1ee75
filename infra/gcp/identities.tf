# One service account for each kind of work, with the least privileges that it needs.

resource "google_service_account" "pipelines" {
  account_id   = "faces-pipelines"
  display_name = "Steps of pipelines on Vertex AI"

  depends_on = [google_project_service.used]
}

resource "google_service_account" "serving" {
  account_id   = "faces-serving"
  display_name = "The prediction endpoint"

  depends_on = [google_project_service.used]
}

resource "google_service_account" "zenml" {
  account_id   = "faces-zenml"
  display_name = "The ZenML server"

  depends_on = [google_project_service.used]
}

resource "google_service_account" "nodes" {
  count = local.cluster

  account_id   = "faces-nodes"
  display_name = "Nodes of the cluster"

  depends_on = [google_project_service.used]
}

resource "google_service_account" "mlflow" {
  account_id   = "faces-mlflow"
  display_name = "The MLflow server"

  depends_on = [google_project_service.used]
}

resource "google_service_account" "builds" {
  account_id   = "faces-builds"
  display_name = "Builds of container images"

  depends_on = [google_project_service.used]
}

# Pipelines: artifacts, captured requests (read only), container images, jobs.
resource "google_storage_bucket_iam_member" "pipelines_artifacts" {
  bucket = google_storage_bucket.artifacts.name
  role   = "roles/storage.objectAdmin"
  member = google_service_account.pipelines.member
}

resource "google_storage_bucket_iam_member" "pipelines_captured" {
  bucket = google_storage_bucket.captured.name
  role   = "roles/storage.objectUser" # it removes requests of people who are forgotten
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

# A pipeline starts jobs for its tasks, and a schedule starts runs: both as the same service account.
resource "google_service_account_iam_member" "pipelines_as_itself" {
  service_account_id = google_service_account.pipelines.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.pipelines.member
}

# The ZenML server: its database, and the cluster (see cluster.tf), for steps that deploy.
resource "google_project_iam_member" "zenml_cluster" {
  count = local.cluster

  project = var.project
  role    = "roles/container.clusterViewer"
  member  = google_service_account.zenml.member
}

# Builds: the uploaded source, the registry, logs. New projects give Cloud Build's default identity no roles.
resource "google_storage_bucket_iam_member" "builds_source" {
  bucket = google_storage_bucket.builds.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.builds.member
}

resource "google_artifact_registry_repository_iam_member" "builds_images" {
  repository = google_artifact_registry_repository.images.name
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.builds.member
}

resource "google_project_iam_member" "builds_logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.builds.member
}

# Nodes: the role that GKE documents for them, and container images.
resource "google_project_iam_member" "nodes" {
  count = local.cluster

  project = var.project
  role    = "roles/container.defaultNodeServiceAccount"
  member  = google_service_account.nodes[0].member
}

resource "google_artifact_registry_repository_iam_member" "nodes_images" {
  count = local.cluster

  repository = google_artifact_registry_repository.images.name
  location   = var.region
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.nodes[0].member
}

# The endpoint: reads models and adds captured requests. It cannot read captured requests.
resource "google_storage_bucket_iam_member" "serving_models" {
  bucket = google_storage_bucket.artifacts.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.serving.member

  condition {
    title      = "models only"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.artifacts.name}/objects/models/\")"
  }
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
    expression = "resource.name == \"projects/_/buckets/${google_storage_bucket.artifacts.name}\" || resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.artifacts.name}/objects/mlflow/\")"
  }
}

# Workload identity: pods of this Kubernetes service account act as that identity, without a key.
resource "google_service_account_iam_member" "serving_pods" {
  count = local.cluster

  service_account_id = google_service_account.serving.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.project}.svc.id.goog[${local.namespace}/serving]"

  depends_on = [google_container_cluster.faces]
}

# People who run pipelines from their own machine.
resource "google_project_iam_member" "developers" {
  for_each = {
    for pair in setproduct(var.developers, local.developer_roles) : "${pair[0]} ${pair[1]}" => pair
  }

  project = var.project
  role    = each.value[1]
  member  = each.value[0]

  depends_on = [google_project_service.used]
}

resource "google_storage_bucket_iam_member" "developers_artifacts" {
  for_each = toset(var.developers)

  bucket = google_storage_bucket.artifacts.name
  role   = "roles/storage.objectAdmin"
  member = each.value
}

resource "google_service_account_iam_member" "developers_as_pipelines" {
  for_each = toset(var.developers)

  service_account_id = google_service_account.pipelines.name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}

resource "google_service_account_iam_member" "developers_as_builds" {
  for_each = toset(var.developers)

  service_account_id = google_service_account.builds.name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}

# gcloud looks at the bucket before it uploads the source.
resource "google_storage_bucket_iam_member" "developers_builds" {
  for_each = {
    for pair in setproduct(var.developers, ["roles/storage.objectUser", "roles/storage.legacyBucketReader"]) :
    "${pair[0]} ${pair[1]}" => pair
  }

  bucket = google_storage_bucket.builds.name
  role   = each.value[1]
  member = each.value[0]
}

locals {
  developer_roles = [
    "roles/aiplatform.user",          # start and watch runs and schedules
    "roles/artifactregistry.reader",  # see whether a container image exists
    "roles/cloudbuild.builds.editor", # build it
    "roles/container.clusterViewer",  # find the cluster
    "roles/logging.viewer",           # read the logs of steps

    "roles/serviceusage.serviceUsageConsumer", # use the project's quota
  ]
}
