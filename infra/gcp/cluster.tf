# The cluster and what runs on it, with `serving = "kubernetes"` only.

locals {
  namespace = "faces"
  cluster   = var.serving == "kubernetes" ? 1 : 0
}

# Nodes have no public addresses; the images of Seldon's operator are pulled through this NAT.
resource "google_compute_router" "faces" {
  count = local.cluster

  name    = "faces"
  network = google_compute_network.faces.id
  region  = var.region
}

resource "google_compute_router_nat" "faces" {
  count = local.cluster

  name                               = "faces"
  router                             = google_compute_router.faces[0].name
  region                             = var.region
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"
}

# Autopilot bills pods instead of nodes, and enforces settings that are wanted anyway: no root, resource limits.
resource "google_container_cluster" "faces" {
  count = local.cluster

  name                = "faces"
  location            = var.region
  enable_autopilot    = true
  network             = google_compute_network.faces.id
  subnetwork          = google_compute_subnetwork.faces.id
  deletion_protection = false

  cluster_autoscaling {
    auto_provisioning_defaults {
      service_account = google_service_account.nodes[0].email
      oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
    }
  }

  private_cluster_config {
    enable_private_nodes    = true
    enable_private_endpoint = false
  }

  # Steps on Vertex AI connect from Google's address ranges, which are not known in advance. Every client
  # still needs an identity with a role in the cluster.
  master_authorized_networks_config {
    gcp_public_cidrs_access_enabled = true

    dynamic "cidr_blocks" {
      for_each = var.authorized_networks
      content {
        cidr_block = cidr_blocks.value
      }
    }
  }

  ip_allocation_policy {}

  lifecycle {
    precondition {
      condition     = var.domain != "" && length(var.authorized_networks) > 0
      error_message = "A cluster needs `domain` and `authorized_networks`."
    }
  }
}

resource "kubernetes_namespace" "faces" {
  count = local.cluster

  metadata {
    name = local.namespace
    labels = {
      "pod-security.kubernetes.io/enforce" = "restricted"
    }
  }
}

resource "kubernetes_service_account" "serving" {
  count = local.cluster

  metadata {
    name        = "serving"
    namespace   = kubernetes_namespace.faces[0].metadata[0].name
    annotations = { "iam.gke.io/gcp-service-account" = google_service_account.serving.email }
  }
}

# The deployer may change SeldonDeployments of this namespace and the endpoint's token, and read its
# pods. Steps act as the ZenML server, whose connector lends them its identity for an hour.
resource "kubernetes_role" "deployer" {
  count = local.cluster

  metadata {
    name      = "deployer"
    namespace = kubernetes_namespace.faces[0].metadata[0].name
  }

  rule {
    api_groups = ["machinelearning.seldon.io"]
    resources  = ["seldondeployments"]
    verbs      = ["get", "list", "watch", "create", "update", "patch", "delete"]
  }

  rule {
    api_groups     = [""]
    resources      = ["secrets"]
    resource_names = ["face-recognizer"]
    verbs          = ["get", "update"]
  }

  rule {
    api_groups = [""]
    resources  = ["secrets"]
    verbs      = ["create"]
  }

  rule {
    api_groups = [""]
    resources  = ["pods", "pods/log", "events"]
    verbs      = ["get", "list", "watch"]
  }
}

resource "kubernetes_role_binding" "deployer" {
  count = local.cluster

  metadata {
    name      = "deployer"
    namespace = kubernetes_namespace.faces[0].metadata[0].name
  }

  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "Role"
    name      = kubernetes_role.deployer[0].metadata[0].name
  }

  # Without the scope userinfo.email, which ZenML's connector does not request, GKE knows a service account
  # by its numeric ID.
  dynamic "subject" {
    for_each = [google_service_account.zenml.email, google_service_account.zenml.unique_id]
    content {
      kind      = "User"
      name      = subject.value
      api_group = "rbac.authorization.k8s.io"
    }
  }
}

resource "helm_release" "seldon" {
  count = local.cluster

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

  # Nodes pull the operator's image through the NAT.
  depends_on = [google_compute_router_nat.faces]
}
