"""The endpoint of this API in Azure Machine Learning: what is sent to create, to share and to delete it."""

import argparse
import json
import logging
from collections.abc import Callable, Mapping
from io import StringIO
from operator import attrgetter
from pathlib import Path
from typing import Any

from azure.ai.ml import MLClient, load_online_deployment, load_online_endpoint
from azure.core import exceptions
from azure.identity import DefaultAzureCredential
from marshmallow.exceptions import ValidationError
from options import DeployError
from traffic import share

FOLDER = Path(__file__).parent
ERRORS = (exceptions.AzureError,)
UNREACHABLE = (exceptions.ServiceRequestError, exceptions.ServiceResponseError)


def run(options: argparse.Namespace) -> None:
    """Do what the verb says. Raises DeployError, or one of ERRORS."""
    logging.getLogger("azure").setLevel(logging.CRITICAL)  # It logs what it raises, too.
    endpoint = Endpoint(options)
    if options.verb == "deploy":
        endpoint.deploy(options.image, int(options.percent))
    elif options.verb == "rollout":
        endpoint.rollout(int(options.percent))
    else:
        endpoint.undeploy()


def read(load: Callable[..., Any], name: str, values: Mapping[str, str]) -> Any:
    """Read a resource as `az ml` takes it, with values in place of its own. Raises DeployError."""
    try:
        return load(FOLDER / f"{name}.yaml", params_override=[{key: value} for key, value in values.items()])
    except (ValidationError, exceptions.AzureError) as error:
        raise DeployError(f"mend deploy/azure-ml/{name}.yaml: {error}") from None


class Endpoint:
    """The endpoint of this API in a workspace."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._ask = AzureML(options)
        self._dry_run = options.dry_run
        self._new = read(load_online_endpoint, "endpoint", {})
        self._version = f"v-{options.tag}"

    def deploy(self, image: str, percent: int) -> None:
        """Deploy a version, and send it its share of the requests."""
        # Set as the file is read: the environment's own version is a hash of the image.
        values = {"name": self._version, "environment.image": image}
        deployment = read(load_online_deployment, "deployment", values)
        if self._dry_run or self._new.name not in self._ask.endpoints():
            self._ask("online_endpoints.begin_create_or_update", self._new, "(if there is none)")
        self._ask("online_deployments.begin_create_or_update", deployment)
        self._share(percent)

    def rollout(self, percent: int) -> None:
        """Send a version its share of the requests. Raises DeployError if there is no such version."""
        versions = [self._version] if self._dry_run else self._ask.versions(self._new.name)
        if self._version not in versions:
            known = ", ".join(versions) or "none is"
            raise DeployError(f"{self._version} is not deployed: name the TAG of one that is: {known}")
        self._share(percent)

    def undeploy(self) -> None:
        """Delete the endpoint and its versions."""
        self._ask("online_endpoints.begin_delete", self._new.name)

    def _share(self, percent: int) -> None:
        if self._dry_run:
            endpoint = self._new
            endpoint.traffic = {"VERSION_WITH_MOST_REQUESTS": 100}
        else:
            endpoint = self._ask.endpoint(self._new.name)
        endpoint.traffic = share(endpoint.traffic or {}, self._version, percent)
        self._ask("online_endpoints.begin_create_or_update", endpoint)


class AzureML:
    """The operations of Azure Machine Learning, or, in a dry run, what prints what they would be sent."""

    def __init__(self, options: argparse.Namespace) -> None:
        workspace = (options.subscription, options.group, options.workspace)
        self._client = MLClient(DefaultAzureCredential(), *workspace)
        self._dry_run = options.dry_run

    def __call__(self, operation: str, request: Any, condition: str = "") -> None:
        """Print a request and, unless in a dry run, send it, and wait for its end. Raises one of ERRORS."""
        print(f"{operation} {condition}".strip(), to_text(request), flush=True)
        if not self._dry_run:
            attrgetter(operation)(self._client)(request).result()

    def endpoints(self) -> list[str]:
        """List the endpoints of the workspace."""
        return [one.name for one in self._client.online_endpoints.list()]

    def endpoint(self, name: str) -> Any:
        """Return an endpoint as it is now."""
        return self._client.online_endpoints.get(name)

    def versions(self, endpoint: str) -> list[str]:
        """List the versions of an endpoint."""
        return [one.name for one in self._client.online_deployments.list(endpoint)]


def to_text(request: Any) -> str:
    """Say what an operation takes: a name, an endpoint or a deployment."""
    if isinstance(request, str):
        return request
    file = StringIO()
    content = request.dump(file)  # An endpoint returns it instead.
    return json.dumps(content, indent=2) if content else f"\n{file.getvalue()}"


def explain(error: Exception) -> str:
    """Say what one of ERRORS means, and what to do."""
    if isinstance(error, exceptions.ClientAuthenticationError):
        return 'there are no credentials of Azure, or they are not valid: run "az login"'
    if isinstance(error, UNREACHABLE):
        return "Azure cannot be reached: look at the network, and at HTTPS_PROXY if there is a proxy"
    return f"Azure says: {next(iter(str(error).splitlines()), type(error).__name__)}"
