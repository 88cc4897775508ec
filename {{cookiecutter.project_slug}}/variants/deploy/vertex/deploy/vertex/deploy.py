"""Deploy to Vertex AI, share requests between versions, or take it down; with --dry-run requests are only printed."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.cloud import aiplatform_v1 as vertex

FOLDER = Path(__file__).parent


def read(kind: Any, name: str) -> Any:
    """Read a resource as the platform's REST API takes it. Raises ParseError for a field that it has not."""
    return kind.from_json((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def share(split: Mapping[str, int], version: str, percent: int) -> dict[str, int]:
    """Give a version its share of the requests, and the rest to the one that has most of them now."""
    others = {name: part for name, part in split.items() if name != version and part}
    if not others or percent == 100:
        return {version: 100}
    return {version: percent, max(others, key=others.__getitem__): 100 - percent}


class Vertex:
    """The endpoint of this API in a project and region."""

    def __init__(self, project: str, region: str) -> None:
        options = {"api_endpoint": f"{region}-aiplatform.googleapis.com"}
        self._models = vertex.ModelServiceClient(client_options=options)
        self._endpoints = vertex.EndpointServiceClient(client_options=options)
        self._parent = f"projects/{project}/locations/{region}"
        self._new = read(vertex.Endpoint, "endpoint")

    @property
    def endpoint(self) -> Any:
        """The endpoint as it is now, or None."""
        named = f'display_name="{self._new.display_name}"'
        found = self._endpoints.list_endpoints(request={"parent": self._parent, "filter": named})
        return next(iter(found), None)

    def deploy(self, model: Any, deployed: Any, percent: int) -> None:
        """Upload a model, and send it its share of the requests."""
        endpoint = self.endpoint
        if endpoint is None:
            endpoint = self._endpoints.create_endpoint(parent=self._parent, endpoint=self._new).result()
        deployed.model = self._models.upload_model(parent=self._parent, model=model).result().model
        split = share(endpoint.traffic_split, "0", percent)  # The new one has no number yet.
        self._endpoints.deploy_model(endpoint=endpoint.name, deployed_model=deployed, traffic_split=split).result()

    def rollout(self, name: str, percent: int) -> None:
        """Send a version its share of the requests. Raises SystemExit if there is no such version."""
        endpoint = self.endpoint
        numbers = {one.display_name: one.id for one in endpoint.deployed_models} if endpoint else {}
        if name not in numbers:
            raise SystemExit(f"{name} is not deployed: TAG must be one of those that are")
        endpoint.traffic_split = share(endpoint.traffic_split, numbers[name], percent)
        self._endpoints.update_endpoint(endpoint=endpoint, update_mask={"paths": ["traffic_split"]})

    def undeploy(self) -> None:
        """Take all versions down, those without requests first, then the endpoint."""
        endpoint = self.endpoint
        if endpoint is None:
            return
        *others, last = [*endpoint.deployed_models] or [None]
        if last:
            self.rollout(last.display_name, 100)
        for one in [*others, last] if last else []:
            self._endpoints.undeploy_model(endpoint=endpoint.name, deployed_model_id=one.id, traffic_split={}).result()
        self._endpoints.delete_endpoint(name=endpoint.name).result()


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=["deploy", "rollout", "undeploy"])
    parser.add_argument("--project", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--tag", default="", help="of this version")
    parser.add_argument("--image", help="in Artifact Registry, with its tag or digest")
    parser.add_argument("--percent", type=int, choices=range(1, 101), default=100, metavar="1…100")
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()

    model, deployed = read(vertex.Model, "model"), read(vertex.DeployedModel, "deployed-model")
    model.display_name = deployed.display_name = f"{model.display_name}-{options.tag}"
    model.container_spec.image_uri = options.image or model.container_spec.image_uri
    if options.dry_run:
        parent = f"projects/{options.project}/locations/{options.region}"
        for resource in (model, read(vertex.Endpoint, "endpoint"), deployed):
            print(parent, type(resource).to_json(resource, always_print_fields_with_no_presence=False))
    elif options.verb == "deploy":
        Vertex(options.project, options.region).deploy(model, deployed, options.percent)
    elif options.verb == "rollout":
        Vertex(options.project, options.region).rollout(deployed.display_name, options.percent)
    else:
        Vertex(options.project, options.region).undeploy()


if __name__ == "__main__":
    main()
