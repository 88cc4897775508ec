"""Deploy to Vertex AI, share requests between versions, or take it down; with --dry-run requests are only printed."""

from options import ALL, IMAGE, Value, read_options, run

VALUES = {
    "PROJECT": Value(r"[a-z0-9][a-z0-9.:-]*", "the ID of a project, as my-project", ALL),
    "REGION": Value(r"[a-z]+-[a-z]+\d+", "a region as europe-west1", ALL, "europe-west1"),
    "TAG": Value(r"\w[\w.-]{0,62}", "1 to 63 letters, digits, dots, underscores and hyphens", ("deploy", "rollout")),
    "IMAGE": Value(
        IMAGE,
        "an image in Artifact Registry with its tag or digest, as europe-west1-docker.pkg.dev/my-project/apis/name:1",
        ("deploy",),
    ),
    "PERCENT": Value(r"[1-9]\d?|100", "a whole number from 1 to 100", default="100"),
}


def main() -> None:
    """Do what the command line says."""
    options = read_options(str(__doc__), VALUES)
    run(options)


if __name__ == "__main__":
    main()
