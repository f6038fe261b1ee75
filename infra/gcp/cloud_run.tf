# The endpoint on Cloud Run, with `serving = "cloud_run"`. Without requests, no container runs. The service and
# its address are made here, with a placeholder; the deployer adds revisions and splits the traffic, so it
# needs no permission to create services or to change who may call them.

locals {
  # Steps deploy as the pipelines. Keys are known before anything is created.
  deployers = merge(
    { pipelines = google_service_account.pipelines.member }, { for member in var.developers : member => member }
  )
  endpoint_secrets = ["face-recognizer-token", "face-recognizer-feedback"]
  secret_access = {
    for pair in setproduct(local.endpoint_secrets, [
      "roles/secretmanager.secretAccessor", "roles/secretmanager.secretVersionAdder",
    ], keys(local.deployers)) : join(" ", pair) => pair
  }
  on_cloud_run = var.serving == "cloud_run" ? 1 : 0
}

resource "google_cloud_run_v2_service" "endpoint" {
  count = local.on_cloud_run

  name                = "face-recognizer"
  location            = var.region
  deletion_protection = false
  # The server's own bearer tokens protect it, as on every other platform.
  invoker_iam_disabled = true

  template {
    service_account = google_service_account.serving.email

    containers {
      image = "us-docker.pkg.dev/cloudrun/container/hello"
    }
  }

  lifecycle {
    ignore_changes = [template, traffic, scaling, client, client_version]
  }
}

resource "google_cloud_run_v2_service_iam_member" "deployers" {
  for_each = var.serving == "cloud_run" ? local.deployers : {}

  name     = google_cloud_run_v2_service.endpoint[0].name
  location = var.region
  role     = "roles/run.developer"
  member   = each.value
}

# Who adds a revision must be allowed to act as its identity.
resource "google_service_account_iam_member" "deployers_as_serving" {
  for_each = var.serving == "cloud_run" ? local.deployers : {}

  service_account_id = google_service_account.serving.name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}

# The tokens that clients must send. The deployer adds versions, and revisions keep theirs.
resource "google_secret_manager_secret" "endpoint" {
  for_each = toset(var.serving == "cloud_run" ? local.endpoint_secrets : [])

  secret_id = each.key

  replication {
    auto {}
  }

  depends_on = [google_project_service.used]
}

resource "google_secret_manager_secret_iam_member" "endpoint_serving" {
  for_each = google_secret_manager_secret.endpoint

  secret_id = each.value.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.serving.member
}

resource "google_secret_manager_secret_iam_member" "endpoint_deployers" {
  for_each = var.serving == "cloud_run" ? local.secret_access : {}

  secret_id = google_secret_manager_secret.endpoint[each.value[0]].id
  role      = each.value[1]
  member    = local.deployers[each.value[2]]
}
