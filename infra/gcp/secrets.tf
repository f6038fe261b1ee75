# Secrets of the MLflow and the ZenML server, each readable by its own server only.

locals {
  secrets = {
    mlflow-database = { reader = google_service_account.mlflow.member, value = local.mlflow_database }
    mlflow-cookies  = { reader = google_service_account.mlflow.member, value = random_password.mlflow_cookies.result }
    # The key of Fernet: 32 bytes in URL-safe base64, which that of letters and digits always is.
    mlflow-webhooks = { reader = google_service_account.mlflow.member, value = base64encode(random_password.mlflow_webhooks.result) }
    mlflow-accounts = { reader = google_service_account.mlflow.member, value = local.mlflow_accounts }
    zenml-database  = { reader = google_service_account.zenml.member, value = local.zenml_database }
    zenml-login     = { reader = google_service_account.zenml.member, value = random_password.zenml["login"].result }
    zenml-tokens    = { reader = google_service_account.zenml.member, value = random_password.zenml["tokens"].result }
    zenml-secrets   = { reader = google_service_account.zenml.member, value = random_password.zenml["secrets"].result }
  }
}

resource "google_secret_manager_secret" "server" {
  for_each = toset(keys(local.secrets))

  secret_id = "faces-${each.key}"

  replication {
    auto {}
  }

  depends_on = [google_project_service.used]
}

resource "google_secret_manager_secret_version" "server" {
  for_each = google_secret_manager_secret.server

  secret      = each.value.id
  secret_data = local.secrets[each.key].value
}

resource "google_secret_manager_secret_iam_member" "server" {
  for_each = google_secret_manager_secret.server

  secret_id = each.value.id
  role      = "roles/secretmanager.secretAccessor"
  member    = local.secrets[each.key].reader
}
