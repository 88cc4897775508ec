"""Fitted estimators as ONNX graphs: skl2onnx, and converters of our own where it lacks one or answers otherwise."""
