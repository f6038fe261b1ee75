"""Seldon Core on Kubernetes: one SeldonDeployment, updated in place."""
