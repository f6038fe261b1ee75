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

# Nodes have no public addresses; the images of Seldon's operator are pulled through this NAT.
resource "google_compute_router" "faces" {
  name    = "faces"
  network = google_compute_network.faces.id
  region  = var.region
}

resource "google_compute_router_nat" "faces" {
  name                               = "faces"
  router                             = google_compute_router.faces.name
  region                             = var.region
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"
}

# Autopilot bills pods instead of nodes, and enforces settings that are wanted anyway: no root, resource limits.
resource "google_container_cluster" "faces" {
  name                = "faces"
  location            = var.region
  enable_autopilot    = true
  network             = google_compute_network.faces.id
  subnetwork          = google_compute_subnetwork.faces.id
  deletion_protection = false

  cluster_autoscaling {
    auto_provisioning_defaults {
      service_account = google_service_account.nodes.email
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

resource "kubernetes_service_account" "serving" {
  metadata {
    name        = "serving"
    namespace   = kubernetes_namespace.faces.metadata[0].name
    annotations = { "iam.gke.io/gcp-service-account" = google_service_account.serving.email }
  }
}

# The deployer may change SeldonDeployments of this namespace and the endpoint's token, and read its
# pods. Steps act as the ZenML server, whose connector lends them its identity for an hour.
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
  metadata {
    name      = "deployer"
    namespace = kubernetes_namespace.faces.metadata[0].name
  }

  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "Role"
    name      = kubernetes_role.deployer.metadata[0].name
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
