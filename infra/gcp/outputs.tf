output "environment" {
  description = "Environment variables for stacks/gcp-run.yaml and stacks/gcp.yaml: terraform output -raw environment > gcp.env"
  value       = <<-EOT
    export GCP_PROJECT=${var.project}
    export GCP_REGION=${var.region}
    export GCP_BUCKET=${google_storage_bucket.artifacts.name}
    export GCP_CAPTURED_BUCKET=${google_storage_bucket.captured.name}
    export GCP_SERVICE_ACCOUNT=${google_service_account.pipelines.email}
    export MLFLOW_TRACKING_URI=${join("", google_cloud_run_v2_service.mlflow[*].uri)}
    export GCP_SERVING_ACCOUNT=${google_service_account.serving.email}
    %{if var.serving == "kubernetes"}
    export SELDON_URL=https://${var.domain}
    export SELDON_NAMESPACE=${local.namespace}
    %{endif}
  EOT
}

output "address" {
  description = "The IP address of an endpoint on a cluster, for the DNS record A of the domain."
  value       = one(google_compute_global_address.endpoint[*].address)
}

output "zenml" {
  description = "URL of the ZenML server, for zenml login."
  value       = google_cloud_run_v2_service.zenml.uri
}

output "zenml_password" {
  description = "Password of the ZenML user 'default'."
  value       = random_password.zenml["login"].result
  sensitive   = true
}

output "mlflow_password" {
  description = "Password of the MLflow user 'faces'."
  value       = random_password.mlflow_admin.result
  sensitive   = true
}
