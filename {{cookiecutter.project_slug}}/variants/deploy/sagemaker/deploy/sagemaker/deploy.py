"""Deploy to SageMaker, move to another version, or take it down; with --dry-run requests are checked and printed."""

import argparse
import json
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

FOLDER = Path(__file__).parent


def read(name: str) -> dict[str, Any]:
    """Read what an operation of the platform takes, as `aws sagemaker --cli-input-json` does."""
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content


class SageMaker:
    """The operations of SageMaker, or, in a dry run, what checks and prints what they would be sent."""

    def __init__(self, region: str, *, dry_run: bool) -> None:
        keys = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "none") if dry_run else {}
        self._client = boto3.client("sagemaker", region_name=region, **keys)
        self._dry_run = dry_run

    def __call__(self, operation: str, request: dict[str, Any]) -> None:
        """Send a request. Raises ParamValidationError or ClientError."""
        name = self._client.meta.method_to_api_mapping[operation]
        validate_parameters(request, self._client.meta.service_model.operation_model(name).input_shape)
        print(operation, json.dumps(request, indent=2))
        if not self._dry_run:
            getattr(self._client, operation)(**request)

    def exists(self, endpoint: str) -> bool:
        """Tell whether there is an endpoint of this name."""
        if self._dry_run:
            return False
        try:
            self._client.describe_endpoint(EndpointName=endpoint)
        except ClientError:
            return False
        return True


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=["deploy", "rollout", "undeploy"])
    parser.add_argument("--region", required=True)
    parser.add_argument("--tag", default="", help="of this version: letters, digits and hyphens")
    parser.add_argument("--image", help="in ECR, with its tag or digest")
    parser.add_argument("--role", help="ARN of the role that SageMaker takes")
    parser.add_argument("--model-data", help="s3://….tar.gz of artifacts/, where the image has no model")
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()

    model, config, update = read("model"), read("endpoint-config"), read("update")
    version = f"{model['ModelName']}-{options.tag}"
    endpoint = {"EndpointName": update["EndpointName"]}
    ask = SageMaker(options.region, dry_run=options.dry_run)
    if options.verb == "undeploy":
        ask("delete_endpoint", endpoint)
        return
    if options.verb == "deploy":
        container = model["PrimaryContainer"]
        container["Image"] = options.image or container["Image"]
        if options.model_data:
            container |= {"ModelDataUrl": options.model_data}
            container["Environment"] |= {"MODEL_DIR": "/opt/ml/model"}
        role = options.role or model["ExecutionRoleArn"]
        ask("create_model", model | {"ModelName": version, "ExecutionRoleArn": role})
        variants = [variant | {"ModelName": version} for variant in config["ProductionVariants"]]
        ask("create_endpoint_config", config | {"EndpointConfigName": version, "ProductionVariants": variants})
    if options.verb == "deploy" and not ask.exists(endpoint["EndpointName"]):
        ask("create_endpoint", endpoint | {"EndpointConfigName": version})
    else:
        ask("update_endpoint", update | {"EndpointConfigName": version})


if __name__ == "__main__":
    main()
