"""Steps that erase people and single requests from all stores."""
