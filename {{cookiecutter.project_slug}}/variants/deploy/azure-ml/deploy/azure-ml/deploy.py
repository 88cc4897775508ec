"""Deploy to Azure Machine Learning, share requests between versions, or take it down; --dry-run only checks files."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from azure.ai.ml import MLClient, load_online_deployment, load_online_endpoint
from azure.identity import DefaultAzureCredential

FOLDER = Path(__file__).parent


def share(traffic: Mapping[str, int], version: str, percent: int) -> dict[str, int]:
    """Give a version its share of the requests, and the rest to the one that has most of them now."""
    others = {name: part for name, part in traffic.items() if name != version and part}
    if not others or percent == 100:
        return {version: 100}
    return {version: percent, max(others, key=others.__getitem__): 100 - percent}


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=["deploy", "rollout", "undeploy"])
    parser.add_argument("--subscription", required=True)
    parser.add_argument("--group", required=True)
    parser.add_argument("--workspace", required=True)
    parser.add_argument("--tag", default="", help="of this version: letters, digits and hyphens")
    parser.add_argument("--image", help="in a registry that the workspace reads, with its tag or digest")
    parser.add_argument("--percent", type=int, choices=range(1, 101), default=100, metavar="1…100")
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()

    endpoint = load_online_endpoint(FOLDER / "endpoint.yaml")
    deployment = load_online_deployment(FOLDER / "deployment.yaml")
    deployment.name = f"v-{options.tag}"
    deployment.environment.image = options.image or deployment.environment.image
    if options.dry_run:
        for resource in (endpoint, deployment):
            resource.dump(sys.stdout)
        return
    client = MLClient(DefaultAzureCredential(), options.subscription, options.group, options.workspace)
    if options.verb == "undeploy":
        client.online_endpoints.begin_delete(endpoint.name).result()
        return
    if options.verb == "deploy":
        if endpoint.name not in {one.name for one in client.online_endpoints.list()}:
            client.online_endpoints.begin_create_or_update(endpoint).result()
        client.online_deployments.begin_create_or_update(deployment).result()
    current = client.online_endpoints.get(endpoint.name)
    current.traffic = share(current.traffic or {}, deployment.name, options.percent)
    client.online_endpoints.begin_create_or_update(current).result()


if __name__ == "__main__":
    main()
