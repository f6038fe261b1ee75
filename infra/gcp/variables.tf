variable "project" {
  description = "Google Cloud project, which must exist and be billed."
  type        = string
}

variable "region" {
  description = "Where everything is."
  type        = string
  default     = "europe-west1"
}

variable "billing_account" {
  description = "Billing account that the budget alert watches; empty for none."
  type        = string
  default     = ""
}

variable "monthly_budget" {
  description = "What a month may cost, in the billing account's currency, before somebody is told."
  type        = number
  default     = 100
}

variable "capture_days" {
  description = "Days for which captured faces are kept: they are biometric data."
  type        = number
  default     = 30
}

variable "authorized_networks" {
  description = "CIDR ranges from which the cluster's control plane may be reached."
  type        = list(string)

  validation {
    condition     = length(var.authorized_networks) > 0 && !contains(var.authorized_networks, "0.0.0.0/0")
    error_message = "Name the ranges you work from, such as [\"203.0.113.7/32\"]; not the whole internet."
  }
}

variable "domain" {
  description = "The endpoint's name, such as faces.example.org; its DNS record is yours to make."
  type        = string
}

variable "developers" {
  description = "Who runs pipelines from their own machine, such as [\"user:ada@example.org\"]."
  type        = list(string)
  default     = []
}

variable "pipelines_tag" {
  description = "Tag of the image of pipelines, once it is built: the MLflow server runs from it."
  type        = string
  default     = ""
}
