"""The endpoint of this API in Vertex AI: what is sent to create, to share and to delete it."""

import argparse
from pathlib import Path
from typing import Any

from google.api_core import exceptions
from google.api_core.operation import Operation
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import aiplatform_v1 as vertex
from google.protobuf.json_format import ParseError
from options import DeployError
from traffic import share

FOLDER = Path(__file__).parent
ERRORS = (exceptions.GoogleAPIError, GoogleAuthError)
UNREACHABLE = (exceptions.ServiceUnavailable, exceptions.GatewayTimeout, exceptions.RetryError, TransportError)


def run(options: argparse.Namespace) -> None:
    """Do what the verb says. Raises DeployError, or one of ERRORS."""
    endpoint = Endpoint(options.project, options.region, dry_run=options.dry_run)
    model, deployed = read(vertex.Model, "model"), read(vertex.DeployedModel, "deployed-model")
    model.display_name = deployed.display_name = f"{model.display_name}-{options.tag}"
    if options.verb == "deploy":
        model.container_spec.image_uri = options.image
        endpoint.deploy(model, deployed, int(options.percent))
    elif options.verb == "rollout":
        endpoint.rollout(deployed.display_name, int(options.percent))
    else:
        endpoint.undeploy()


def read(kind: Any, name: str) -> Any:
    """Read a resource as the platform's REST API takes it. Raises DeployError for a field that it has not."""
    path = FOLDER / f"{name}.json"
    try:
        return kind.from_json(path.read_text(encoding="utf-8"))
    except ParseError as error:
        raise DeployError(f"{path.name} is no {kind.__name__} of Vertex AI: {error}") from None


class Endpoint:
    """The endpoint of this API in a project and region."""

    def __init__(self, project: str, region: str, *, dry_run: bool) -> None:
        self._ask = Vertex(region, dry_run=dry_run)
        self._parent = f"projects/{project}/locations/{region}"
        self._new = read(vertex.Endpoint, "endpoint")
        self._dry_run = dry_run

    def _find(self, version: str = "EACH_OTHER_VERSION") -> Any:
        """The endpoint as it is now, or None; in a dry run one with this version, and one that has all requests."""
        if self._dry_run:
            names = (version, "VERSION_WITH_MOST_REQUESTS")
            models = [vertex.DeployedModel(id=f"ID_OF_{name}", display_name=name) for name in names]
            name = f"{self._parent}/endpoints/ENDPOINT_ID"
            return vertex.Endpoint(name=name, deployed_models=models, traffic_split={models[-1].id: 100})
        return self._ask.find(self._parent, self._new.display_name)

    def deploy(self, model: Any, deployed: Any, percent: int) -> None:
        """Upload a model, and send it its share of the requests."""
        endpoint = self._find()
        if endpoint is None or self._dry_run:
            request = vertex.CreateEndpointRequest(parent=self._parent, endpoint=self._new)
            endpoint = self._ask("create_endpoint", request, "(if there is none)") or endpoint
        uploaded = self._ask("upload_model", vertex.UploadModelRequest(parent=self._parent, model=model))
        deployed.model = uploaded.model if uploaded else f"{self._parent}/models/MODEL_ID"
        split = share(endpoint.traffic_split, "0", percent)  # The new one has no number yet.
        request = vertex.DeployModelRequest(endpoint=endpoint.name, deployed_model=deployed, traffic_split=split)
        self._ask("deploy_model", request)

    def rollout(self, version: str, percent: int) -> None:
        """Send a version its share of the requests. Raises DeployError if there is no such version."""
        endpoint = self._find(version)
        numbers = {one.display_name: one.id for one in endpoint.deployed_models} if endpoint else {}
        if version not in numbers:
            known = ", ".join(numbers) or "none is"
            raise DeployError(f"{version} is not deployed: name the TAG of one that is: {known}")
        self._split(endpoint, share(endpoint.traffic_split, numbers[version], percent))

    def undeploy(self) -> None:
        """Take down all versions, those without requests first, then the endpoint. Raises DeployError without one."""
        endpoint = self._find()
        if endpoint is None:
            raise DeployError("there is no endpoint of this name in PROJECT and REGION")
        numbers = [one.id for one in endpoint.deployed_models]
        if numbers:
            self._split(endpoint, {numbers[-1]: 100})
        for number in numbers:
            request = vertex.UndeployModelRequest(endpoint=endpoint.name, deployed_model_id=number)
            self._ask("undeploy_model", request)
        self._ask("delete_endpoint", vertex.DeleteEndpointRequest(name=endpoint.name))

    def _split(self, endpoint: Any, split: dict[str, int]) -> None:
        changed = vertex.Endpoint(name=endpoint.name, etag=endpoint.etag, traffic_split=split)
        mask = {"paths": ["traffic_split"]}
        self._ask("update_endpoint", vertex.UpdateEndpointRequest(endpoint=changed, update_mask=mask))


class Vertex:
    """The operations of Vertex AI, or, in a dry run, what prints what they would be sent."""

    def __init__(self, region: str, *, dry_run: bool) -> None:
        address = {"api_endpoint": f"{region}-aiplatform.googleapis.com"}
        credentials = AnonymousCredentials() if dry_run else None  # None are those that gcloud left.
        self._endpoints = vertex.EndpointServiceClient(client_options=address, credentials=credentials)
        self._models = vertex.ModelServiceClient(client_options=address, credentials=credentials)
        self._dry_run = dry_run

    def __call__(self, operation: str, request: Any, condition: str = "") -> Any:
        """Print a request and, unless in a dry run, send it, and return what comes of it. Raises one of ERRORS."""
        said = type(request).to_json(request, always_print_fields_with_no_presence=False)
        print(f"{operation} {condition}".strip(), said, flush=True)
        if self._dry_run:
            return None
        client = self._models if operation == "upload_model" else self._endpoints
        answer = getattr(client, operation)(request=request)
        return answer.result() if isinstance(answer, Operation) else answer

    def find(self, parent: str, name: str) -> Any:
        """Find an endpoint by its name: None if there is none."""
        request = vertex.ListEndpointsRequest(parent=parent, filter=f'display_name="{name}"')
        return next(iter(self._endpoints.list_endpoints(request=request)), None)


def explain(error: Exception) -> str:
    """Say what one of ERRORS means, and what to do."""
    if isinstance(error, UNREACHABLE):
        return "Vertex AI cannot be reached: look at REGION, at the network, and at HTTPS_PROXY if there is a proxy"
    if isinstance(error, GoogleAuthError | exceptions.Unauthenticated):
        return (
            "there are no credentials of Google Cloud, or they are not valid: "
            'run "gcloud auth application-default login"'
        )
    return f"Vertex AI says: {getattr(error, 'message', error)}"
