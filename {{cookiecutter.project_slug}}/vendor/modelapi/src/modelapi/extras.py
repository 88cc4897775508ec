"""The extras of this library: what it does only where more is installed."""

from importlib.util import find_spec


def remedy(extra: str) -> str:
    """Say how a project gets an extra."""
    framework = "fastapi" if find_spec("fastapi") else "flask"
    return (
        f"write ./vendor/modelapi[{framework},{extra}] in requirements/common.in "
        'and run "make requirements develop KEEP=1"'
    )
