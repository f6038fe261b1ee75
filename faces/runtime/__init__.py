"""What an endpoint computes, with numpy alone: model, operators, capture format."""
