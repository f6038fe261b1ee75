"""Steps that deploy a version, verify it and record the deployment."""
