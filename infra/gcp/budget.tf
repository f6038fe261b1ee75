# The API of budgets identifies a project by its number.
data "google_project" "faces" {
  project_id = var.project

  depends_on = [google_project_service.used]
}

# Sends an alert at 50, 90 and 100 % of the budget. It does not stop anything.
resource "google_billing_budget" "faces" {
  count = var.billing_account == "" ? 0 : 1

  provider        = google.billing
  billing_account = var.billing_account
  display_name    = "face recognizer"

  budget_filter {
    projects = ["projects/${data.google_project.faces.number}"]
  }

  amount {
    specified_amount {
      units = tostring(var.monthly_budget)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  depends_on = [google_project_service.used]
}
