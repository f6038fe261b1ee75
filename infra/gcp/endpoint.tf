# The endpoint's address. The server itself strips /seldon/<namespace>/<name> from its paths, so a load
# balancer with a certificate is enough, without a service mesh.

resource "google_compute_global_address" "endpoint" {
  count = local.cluster

  name = "faces-endpoint"

  depends_on = [google_project_service.used]
}

resource "google_compute_managed_ssl_certificate" "endpoint" {
  count = local.cluster

  name = "faces-endpoint"

  managed {
    domains = [var.domain]
  }

  depends_on = [google_project_service.used]
}

# The load balancer's health check. Without it, GKE would request / until the first pod exists, which the
# server answers with 404. A chart, because kubernetes_manifest would need the cluster to plan its creation.
resource "helm_release" "health_check" {
  count = local.cluster

  name      = "endpoint-health-check"
  chart     = "${path.module}/health-check"
  namespace = kubernetes_namespace.faces[0].metadata[0].name
}

resource "kubernetes_service" "endpoint" {
  count = local.cluster

  metadata {
    name      = "endpoint"
    namespace = kubernetes_namespace.faces[0].metadata[0].name
    annotations = {
      "cloud.google.com/neg"            = jsonencode({ ingress = true })
      "cloud.google.com/backend-config" = jsonencode({ default = "endpoint" })
    }
  }

  spec {
    selector = { "seldon-deployment-id" = "face-recognizer" }

    port {
      name        = "http"
      port        = 80
      target_port = 9000
    }
  }
}

resource "kubernetes_ingress_v1" "endpoint" {
  count = local.cluster

  metadata {
    name      = "endpoint"
    namespace = kubernetes_namespace.faces[0].metadata[0].name
    annotations = {
      "kubernetes.io/ingress.class"                 = "gce"
      "kubernetes.io/ingress.allow-http"            = "false"
      "kubernetes.io/ingress.global-static-ip-name" = google_compute_global_address.endpoint[0].name
      "ingress.gcp.kubernetes.io/pre-shared-cert"   = google_compute_managed_ssl_certificate.endpoint[0].name
    }
  }

  spec {
    rule {
      host = var.domain
      http {
        path {
          path      = "/seldon/${local.namespace}/face-recognizer"
          path_type = "Prefix"
          backend {
            service {
              name = kubernetes_service.endpoint[0].metadata[0].name
              port {
                name = "http"
              }
            }
          }
        }
      }
    }
  }

  depends_on = [helm_release.health_check]
}
