"""The web API around the model package in artifacts/."""
