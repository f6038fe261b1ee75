# Alerts, an uptime check and a dashboard. The rules are those of monitoring/rules.yaml, which promtool tests and
# `make monitoring` uses locally. Google collects the server's metrics from a port without a token: on a cluster by
# the PodMonitoring of the chart `health-check`, on Cloud Run by a sidecar in each revision.

locals {
  # Nothing reads a container's metrics while none runs, and a check from outside would keep one running.
  checked      = var.serving == "kubernetes" || var.uptime_check
  only_checked = ["EndpointUnreachable", "CertificateExpires"]
  alerts = {
    for rule in flatten([for group in yamldecode(file("${path.module}/../../monitoring/rules.yaml")).groups : group.rules]) :
    rule.alert => rule if local.checked || !contains(local.only_checked, rule.alert)
  }
}

resource "google_project_iam_member" "serving_metrics" {
  project = var.project
  role    = "roles/monitoring.metricWriter"
  member  = google_service_account.serving.member
}

check "somebody_is_notified" {
  assert {
    condition     = length(var.alert_emails) > 0 || var.alert_chat_space != "" || local.forwarder == 1
    error_message = "Nobody is notified of alerts: set alert_emails, alert_chat_space or alert_webhook_secret."
  }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = toset(var.alert_emails)

  display_name = each.key
  type         = "email"
  labels       = { email_address = each.key }

  depends_on = [google_project_service.used]
}

resource "google_monitoring_notification_channel" "chat" {
  count = var.alert_chat_space == "" ? 0 : 1

  display_name = "Google Chat"
  type         = "google_chat"
  labels       = { space = var.alert_chat_space }

  depends_on = [google_project_service.used]
}

resource "google_monitoring_alert_policy" "rules" {
  for_each = local.alerts

  display_name = each.key
  combiner     = "OR"
  severity     = upper(each.value.labels.severity)

  conditions {
    display_name = each.key

    condition_prometheus_query_language {
      query               = trimspace(each.value.expr)
      duration            = each.value.for
      evaluation_interval = "60s"
    }
  }

  documentation {
    content = each.value.annotations.summary
  }

  notification_channels = concat(
    [for channel in google_monitoring_notification_channel.email : channel.id],
    google_monitoring_notification_channel.chat[*].id,
    google_monitoring_notification_channel.webhook[*].id,
  )
}

resource "google_monitoring_uptime_check_config" "endpoint" {
  count = local.checked ? 1 : 0

  display_name = "face-recognizer"
  timeout      = "10s"
  period       = "300s"

  http_check {
    path         = var.serving == "kubernetes" ? "/seldon/${local.namespace}/face-recognizer/health/ping" : "/health/ping"
    port         = 443
    use_ssl      = true
    validate_ssl = true
  }

  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project
      host       = var.serving == "kubernetes" ? var.domain : trimprefix(google_cloud_run_v2_service.endpoint[0].uri, "https://")
    }
  }
}

resource "google_monitoring_dashboard" "endpoint" {
  dashboard_json = file("${path.module}/dashboard.json")

  depends_on = [google_project_service.used]
}
