"""The API on Ray Serve: each replica is the project's own application, on one core, with its own model."""

from pathlib import Path
from typing import Any

from ray import serve

from modelapi.process.target import Target, load_target
from modelapi.project import find_project
from modelapi.ray.application import make_app, use_one_core


@serve.ingress()
class Api:
    """A replica."""

    def __init__(self, root: Path) -> None:
        use_one_core()
        self._target = _load(root)

    def __serve_build_asgi_app__(self) -> Any:
        """Return what Ray Serve passes requests to."""
        return make_app(self._target)

    def check_health(self) -> None:
        """Raise RuntimeError if no model is served: such a replica gets no requests, and is replaced."""
        _check(self._target)


def deploy(root: Path) -> serve.Application:
    """Describe the API of the project in a folder, which each node has at the same path.

    Raises RuntimeError if its model cannot be served, so that such a one is not rolled out.
    """
    settings = _load(root).extension.settings
    deployment = serve.deployment(
        name="api",
        ray_actor_options={"num_cpus": 1},
        max_ongoing_requests=settings.max_concurrency,
        max_queued_requests=settings.max_concurrency,
        graceful_shutdown_timeout_s=settings.shutdown_timeout,
    )
    return deployment(Api).bind(root)


def _load(root: Path) -> Target:
    target = load_target(find_project(root))
    _check(target)
    return target


def _check(target: Target) -> None:
    if reason := target.extension.service.refusal():
        raise RuntimeError(reason)
