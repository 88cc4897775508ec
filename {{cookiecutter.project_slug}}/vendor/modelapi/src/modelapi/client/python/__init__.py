"""The parts of a Python client that are the same for every model; model.py, which is written, has what is not."""
