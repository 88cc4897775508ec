"""The endpoint of this API in SageMaker: what is sent to create, to update and to delete it."""

import argparse
import json
from pathlib import Path
from typing import Any

import boto3
from botocore import exceptions
from botocore.validate import validate_parameters
from options import DeployError

FOLDER = Path(__file__).parent
ERRORS = (exceptions.BotoCoreError, exceptions.ClientError)
NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.ProfileNotFound,
    exceptions.SSOError,
)
REFUSED_CREDENTIALS = {"ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}


def run(options: argparse.Namespace) -> None:
    """Do what the verb says. Raises DeployError, or one of ERRORS."""
    ask = SageMaker(options.region, dry_run=options.dry_run)
    {"deploy": deploy, "rollout": rollout, "undeploy": undeploy}[options.verb](ask, options)


def deploy(ask: "SageMaker", options: argparse.Namespace) -> None:
    """Create a model and a configuration, and have the endpoint take it."""
    model, config, update = read("model"), read("endpoint-config"), read("update")
    version = f"{model['ModelName']}-{options.tag}"
    named = {"EndpointName": update["EndpointName"], "EndpointConfigName": version}
    container = model.setdefault("PrimaryContainer", {})
    container["Image"] = options.image
    if options.model_data:
        container["ModelDataUrl"] = options.model_data
        container["Environment"] = container.get("Environment", {}) | {"MODEL_DIR": "/opt/ml/model"}
    exists = ask.exists(update["EndpointName"])
    ask("create_model", model | {"ModelName": version, "ExecutionRoleArn": options.role})
    variants = [variant | {"ModelName": version} for variant in config["ProductionVariants"]]
    ask("create_endpoint_config", config | {"EndpointConfigName": version, "ProductionVariants": variants})
    if not exists:
        ask("create_endpoint", named, "(if there is none)")
    if exists or exists is None:
        ask("update_endpoint", update | named, "(if there is one)")


def rollout(ask: "SageMaker", options: argparse.Namespace) -> None:
    """Have the endpoint take a configuration that was deployed."""
    ask("update_endpoint", read("update") | {"EndpointConfigName": f"{read('model')['ModelName']}-{options.tag}"})


def undeploy(ask: "SageMaker", options: argparse.Namespace) -> None:
    """Delete the endpoint."""
    ask("delete_endpoint", {"EndpointName": read("update")["EndpointName"]})


def read(name: str) -> dict[str, Any]:
    """Read what an operation takes, as `aws sagemaker --cli-input-json` does. Raises DeployError."""
    path = FOLDER / f"{name}.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DeployError(f"{path.name} is no JSON: {error}") from None
    return content


class SageMaker:
    """The operations of SageMaker, or, in a dry run, what checks and prints what they would be sent."""

    def __init__(self, region: str, *, dry_run: bool) -> None:
        session = boto3.Session()
        parts = session.get_available_partitions()
        if region not in (known for part in parts for known in session.get_available_regions("sagemaker", part)):
            raise DeployError("REGION is none in which boto3 knows SageMaker: name one as eu-central-1")
        keys = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "none") if dry_run else {}
        self._client = session.client("sagemaker", region_name=region, **keys)
        self._dry_run = dry_run

    def __call__(self, operation: str, request: dict[str, Any], condition: str = "") -> None:
        """Print a request and, unless in a dry run, send it. Raises one of ERRORS."""
        name = self._client.meta.method_to_api_mapping[operation]
        validate_parameters(request, self._client.meta.service_model.operation_model(name).input_shape)
        print(f"{operation} {condition}".strip(), json.dumps(request, indent=2), flush=True)
        if not self._dry_run:
            getattr(self._client, operation)(**request)

    def exists(self, endpoint: str) -> bool | None:
        """Tell whether there is an endpoint of this name: None in a dry run, which does not ask."""
        if self._dry_run:
            return None
        try:
            self._client.describe_endpoint(EndpointName=endpoint)
        except exceptions.ClientError as error:
            if error.response["Error"]["Code"] == "ValidationException":  # What SageMaker says of a name that is none.
                return False
            raise
        return True


def explain(error: Exception) -> str:
    """Say what one of ERRORS means, and what to do."""
    said = error.response["Error"] if isinstance(error, exceptions.ClientError) else {}
    if isinstance(error, NO_CREDENTIALS) or said.get("Code") in REFUSED_CREDENTIALS:
        return 'there are no credentials of AWS, or they are not valid: run "aws configure", or "aws sso login"'
    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
        return "SageMaker cannot be reached: look at the network, and at HTTPS_PROXY if there is a proxy"
    if isinstance(error, exceptions.ParamValidationError):
        return f"mend the files in deploy/sagemaker: {error}"
    if "already existing" in said.get("Message", ""):
        return "there is a version of this TAG: name another, or move to that one by make rollout"
    return f"SageMaker says: {said.get('Message', error)}"
