variable "project" {
  description = "Google Cloud project; it must exist and have billing enabled."
  type        = string
}

variable "region" {
  description = "Region of all resources."
  type        = string
  default     = "europe-west1"
}

variable "serving" {
  description = "Where the endpoint runs: cloud_run (stack gcp-run) or kubernetes (stack gcp, with a GKE cluster)."
  type        = string
  default     = "cloud_run"

  validation {
    condition     = contains(["cloud_run", "kubernetes"], var.serving)
    error_message = "Choose cloud_run or kubernetes."
  }
}

variable "billing_account" {
  description = "Billing account for the budget alert; empty for no alert."
  type        = string
  default     = ""
}

variable "monthly_budget" {
  description = "Monthly budget in the billing account's currency; alerts are sent at 50, 90 and 100 %."
  type        = number
  default     = 50
}

variable "capture_days" {
  description = "Days after which captured requests are deleted; they are biometric data."
  type        = number
  default     = 30
}

variable "authorized_networks" {
  description = "CIDR ranges that may reach the cluster's control plane; for serving = \"kubernetes\"."
  type        = list(string)
  default     = []

  validation {
    condition     = !contains(var.authorized_networks, "0.0.0.0/0")
    error_message = "List the ranges you work from, such as [\"203.0.113.7/32\"]; not the whole internet."
  }
}

variable "domain" {
  description = "DNS name of an endpoint on a cluster, such as faces.example.org; create its record yourself."
  type        = string
  default     = ""
}

variable "developers" {
  description = "Members who run pipelines from their machines, such as [\"user:ada@example.org\"]."
  type        = list(string)
  default     = []
}

variable "mlflow_tag" {
  description = "Tag of the MLflow server's container image; empty until it is built."
  type        = string
}

variable "deletion_protection" {
  description = "Whether the databases are protected from deletion; false before terraform destroy."
  type        = bool
  default     = true
}

variable "alert_emails" {
  description = "E-mail addresses that alerts are sent to."
  type        = list(string)
  default     = []
}

variable "alert_chat_space" {
  description = "Google Chat space that alerts are sent to, such as spaces/AAAA; empty for none."
  type        = string
  default     = ""
}

variable "alert_webhook_secret" {
  description = "Name of an existing secret with the URL of the webhook that alerts are sent to, too; empty for none."
  type        = string
  default     = ""
}

variable "serving_tag" {
  description = "Tag of the endpoint's container image, which forwards alerts to that webhook; empty: not yet built."
  type        = string
  default     = ""
}

variable "uptime_check" {
  description = "Whether to check an endpoint on Cloud Run from outside: a container then always runs (about 50 US$ a month)."
  type        = bool
  default     = false
}
