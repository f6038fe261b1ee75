# Notifications to the webhook of the stack's alerter: Google posts them to a service of Cloud Run, which posts one
# line to the webhook (serving/alert_forwarder.py). Without notifications, no container runs. Nothing of it exists
# unless alert_webhook_secret names the secret with the webhook's URL, which you create: it is not in the state.

locals {
  forwarder = var.alert_webhook_secret != "" && var.serving_tag != "" ? 1 : 0
}

check "the_webhook_is_notified" {
  assert {
    condition     = var.alert_webhook_secret == "" || var.serving_tag != ""
    error_message = "Nothing forwards alerts to the webhook yet: set serving_tag."
  }
}

resource "google_service_account" "forwarder" {
  count = local.forwarder

  account_id   = "faces-alerts"
  display_name = "Forwards alerts to a webhook"

  depends_on = [google_project_service.used]
}

resource "random_password" "forwarder" {
  count = local.forwarder

  length  = 32
  special = false
}

resource "google_secret_manager_secret" "forwarder" {
  count = local.forwarder

  secret_id = "faces-alerts-password"

  replication {
    auto {}
  }

  depends_on = [google_project_service.used]
}

resource "google_secret_manager_secret_version" "forwarder" {
  count = local.forwarder

  secret      = google_secret_manager_secret.forwarder[0].id
  secret_data = random_password.forwarder[0].result
}

resource "google_secret_manager_secret_iam_member" "forwarder_password" {
  count = local.forwarder

  secret_id = google_secret_manager_secret.forwarder[0].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.forwarder[0].member
}

resource "google_secret_manager_secret_iam_member" "forwarder_webhook" {
  count = local.forwarder

  secret_id = var.alert_webhook_secret
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.forwarder[0].member
}

resource "google_cloud_run_v2_service" "forwarder" {
  count = local.forwarder

  name                = "faces-alerts"
  location            = var.region
  deletion_protection = false
  # The password protects it: Google's channels cannot send a token of a service account.
  invoker_iam_disabled = true

  template {
    service_account = google_service_account.forwarder[0].email

    scaling {
      max_instance_count = 1
    }

    containers {
      image   = "${local.registry}/serving:${var.serving_tag}"
      command = ["/venv/bin/python", "-m", "serving.alert_forwarder"]

      ports {
        container_port = 8080
      }

      env {
        name = "FACES_ALERT_WEBHOOK"
        value_source {
          secret_key_ref {
            secret  = var.alert_webhook_secret
            version = "latest"
          }
        }
      }

      env {
        name = "FACES_ALERT_PASSWORD"
        value_source {
          secret_key_ref {
            secret  = google_secret_manager_secret.forwarder[0].secret_id
            version = "latest"
          }
        }
      }
    }
  }

  depends_on = [
    google_secret_manager_secret_version.forwarder, google_secret_manager_secret_iam_member.forwarder_password,
    google_secret_manager_secret_iam_member.forwarder_webhook,
  ]
}

resource "google_monitoring_notification_channel" "webhook" {
  count = local.forwarder

  display_name = "Webhook of the stack's alerter"
  type         = "webhook_basicauth"
  force_delete = true # the policies may still name it when alert_webhook_secret is emptied
  labels = {
    url      = google_cloud_run_v2_service.forwarder[0].uri
    username = "google"
  }

  sensitive_labels {
    password = random_password.forwarder[0].result
  }
}
