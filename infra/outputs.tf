output "environment" {
  description = "What stacks/gcp.yaml takes from the environment: terraform output -raw environment > gcp.env"
  value       = <<-EOT
    export GCP_PROJECT=${var.project}
    export GCP_REGION=${var.region}
    export GCP_BUCKET=${google_storage_bucket.artifacts.name}
    export GCP_SERVICE_ACCOUNT=${google_service_account.pipelines.email}
    export SELDON_NAMESPACE=${local.namespace}
    export SELDON_KUBERNETES_CONTEXT=gke_${var.project}_${var.region}_${google_container_cluster.faces.name}
  EOT
}

output "captured" {
  description = "Where the endpoint puts what it captured."
  value       = "gs://${google_storage_bucket.captured.name}"
}
