terraform {
  required_version = ">= 1.6"

  # The state contains passwords: init -backend-config=bucket=… names a bucket that only you can read.
  backend "gcs" {
    prefix = "faces"
  }

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.0"
    }
    helm = {
      source  = "hashicorp/helm"
      version = "~> 2.15"
    }
    kubernetes = {
      source  = "hashicorp/kubernetes"
      version = "~> 2.33"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.6"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region
}

# With a user's credentials, the API of budgets needs a project that its calls are billed to.
provider "google" {
  alias                 = "billing"
  billing_project       = var.project
  user_project_override = true
}

data "google_client_config" "me" {}

# Without a cluster, these providers have nothing to do.
locals {
  endpoint = try("https://${google_container_cluster.faces[0].endpoint}", "https://localhost")
  ca       = try(base64decode(google_container_cluster.faces[0].master_auth[0].cluster_ca_certificate), "")
}

provider "kubernetes" {
  host                   = local.endpoint
  token                  = data.google_client_config.me.access_token
  cluster_ca_certificate = local.ca
}

provider "helm" {
  kubernetes {
    host                   = local.endpoint
    token                  = data.google_client_config.me.access_token
    cluster_ca_certificate = local.ca
  }
}
