"""What the tests share. The model is the current one, whatever it is; its signature gives the examples."""

from typing import Any

import pytest
from modelapi import Signature, package, use_defaults

from api.settings import Settings

Record = dict[str, Any]

use_defaults()  # Keys, rates and limits that are set here for serving are not what is tested.


@pytest.fixture(scope="session")
def signature() -> Signature:
    settings = Settings.load()
    try:
        return package.load(package.current(settings.model_dir), allow_pickle=settings.allow_pickle).signature
    except package.PackageError as error:
        pytest.exit(f"Not tested: {error}", 1)


@pytest.fixture
def record(signature: Signature) -> Record:
    return dict(signature.example())
