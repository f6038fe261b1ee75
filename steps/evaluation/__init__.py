"""Steps that evaluate a trained model."""
