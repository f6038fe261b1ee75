locals {
  namespace = "faces"
}

resource "google_compute_network" "faces" {
  name                    = "faces"
  auto_create_subnetworks = false

  depends_on = [google_project_service.used]
}

resource "google_compute_subnetwork" "faces" {
  name                     = "faces"
  network                  = google_compute_network.faces.id
  region                   = var.region
  ip_cidr_range            = "10.10.0.0/20"
  private_ip_google_access = true
}

# Autopilot: pods are what costs, and what it enforces (no root, limits) we want anyway.
resource "google_container_cluster" "faces" {
  name                = "faces"
  location            = var.region
  enable_autopilot    = true
  network             = google_compute_network.faces.id
  subnetwork          = google_compute_subnetwork.faces.id
  deletion_protection = false

  private_cluster_config {
    enable_private_nodes    = true
    enable_private_endpoint = false
  }

  master_authorized_networks_config {
    dynamic "cidr_blocks" {
      for_each = var.authorized_networks
      content {
        cidr_block = cidr_blocks.value
      }
    }
  }

  ip_allocation_policy {}

  depends_on = [google_project_service.used]
}

resource "kubernetes_namespace" "faces" {
  metadata {
    name = local.namespace
    labels = {
      "pod-security.kubernetes.io/enforce" = "restricted"
    }
  }
}

resource "kubernetes_service_account" "workloads" {
  for_each = {
    serving = google_service_account.serving.email
    mlflow  = google_service_account.mlflow.email
  }

  metadata {
    name        = each.key
    namespace   = kubernetes_namespace.faces.metadata[0].name
    annotations = { "iam.gke.io/gcp-service-account" = each.value }
  }
}

# Steps that deploy may change SeldonDeployments of this namespace, and look at its pods.
resource "kubernetes_role" "deployer" {
  metadata {
    name      = "deployer"
    namespace = kubernetes_namespace.faces.metadata[0].name
  }

  rule {
    api_groups = ["machinelearning.seldon.io"]
    resources  = ["seldondeployments"]
    verbs      = ["get", "list", "watch", "create", "update", "patch", "delete"]
  }

  rule {
    api_groups = [""]
    resources  = ["pods", "pods/log", "events"]
    verbs      = ["get", "list", "watch"]
  }
}

resource "kubernetes_role_binding" "deployer" {
  metadata {
    name      = "deployer"
    namespace = kubernetes_namespace.faces.metadata[0].name
  }

  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "Role"
    name      = kubernetes_role.deployer.metadata[0].name
  }

  subject {
    kind = "User"
    name = google_service_account.pipelines.email
  }
}

resource "helm_release" "seldon" {
  name             = "seldon-core"
  repository       = "https://storage.googleapis.com/seldon-charts"
  chart            = "seldon-core-operator"
  version          = "1.17.1"
  namespace        = "seldon-system"
  create_namespace = true

  set {
    name  = "usageMetrics.enabled"
    value = "false"
  }
}
