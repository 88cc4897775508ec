"""Deploy to Azure Machine Learning, share requests between versions, or take it down; --dry-run only prints it."""

from options import ALL, IMAGE, Value, read_options, run

NAME = r"[\w.()-]+"
VALUES = {
    "SUBSCRIPTION": Value(NAME, "the ID of a subscription, as az account show has it", ALL),
    "GROUP": Value(NAME, "the name of a resource group", ALL),
    "WORKSPACE": Value(NAME, "the name of a workspace", ALL),
    "TAG": Value(
        r"[a-zA-Z0-9-]{0,29}[a-zA-Z0-9]",
        "1 to 30 letters, digits and hyphens, with no hyphen at the end",
        ("deploy", "rollout"),
    ),
    "IMAGE": Value(
        IMAGE,
        "an image in a registry with its tag or digest, as registry.azurecr.io/name:1",
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
