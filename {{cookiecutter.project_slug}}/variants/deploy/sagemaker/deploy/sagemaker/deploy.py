"""Deploy to SageMaker, move to another version, or take it down; with --dry-run requests are checked and printed."""

import os
import re

from options import ALL, IMAGE, Value, read_options, refuse, run

REGION = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "eu-central-1"
VALUES = {
    "REGION": Value(r"[a-z0-9-]+", "a region as eu-central-1", ALL, REGION),
    "TAG": Value(
        r"(?=.{1,22}$)[a-zA-Z0-9](-?[a-zA-Z0-9])*",
        "1 to 22 letters and digits, with single hyphens between them",
        ("deploy", "rollout"),
    ),
    "IMAGE": Value(
        IMAGE,
        "an image in ECR with its tag or digest, as 123456789012.dkr.ecr.eu-central-1.amazonaws.com/name:1",
        ("deploy",),
    ),
    "ROLE": Value(
        r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", "a role as arn:aws:iam::123456789012:role/name", ("deploy",)
    ),
    "MODEL_DATA": Value(r"s3://[^/\s]+/\S+\.tar\.gz", "an archive as s3://bucket/model.tar.gz"),
}


def main() -> None:
    """Do what the command line says."""
    options = read_options(str(__doc__), VALUES)
    registry = re.search(r"\.dkr\.ecr\.([a-z0-9-]+)\.", options.image)
    if registry and registry[1] != options.region:
        refuse(
            options.verb,
            f"IMAGE is in {registry[1]}, but REGION is {options.region}: push it there, or name REGION={registry[1]}",
        )
    run(options)


if __name__ == "__main__":
    main()
