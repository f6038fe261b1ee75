"""The portable model as an ONNX graph."""
