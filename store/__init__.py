"""What is recorded in ZenML: versions, production, deployments, materializers, cache keys."""
