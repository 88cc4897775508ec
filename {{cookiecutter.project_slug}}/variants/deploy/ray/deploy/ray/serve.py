"""The API on Ray Serve: the same application as everywhere, mounted by serve.yaml."""

from pathlib import Path

from modelapi.ray.deployment import deploy

app = deploy(Path(__file__).resolve().parents[2])
