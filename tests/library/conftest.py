"""What the tests share. The model is the current one, whatever it is; its signature gives the examples."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from api.app import create_app
from modelapi.settings import Settings, load_settings
from modelapi import package
from modelapi.package import Package
from modelapi.signature import Label
from tests.library.client import make_client

Record = dict[str, Label]
MakeClient = Callable[..., httpx2.Client]


@pytest.fixture(scope="session")
def current() -> Package:
    settings = load_settings()
    folder = package.current(settings.model_dir)
    return package.load(folder, allow_pickle=settings.allow_pickle, sha256=settings.model_sha256)


@pytest.fixture(scope="session")
def record(current: Package) -> Record:
    return current.signature.example()


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeClient]:
    """Make clients of applications with other settings: make(max_rows=1)."""
    clients: list[httpx2.Client] = []

    def make_with(**settings: Any) -> httpx2.Client:
        defaults = load_settings().model_dump(include={"model_dir", "allow_pickle"})
        clients.append(make_client(create_app(Settings.model_construct(**(defaults | settings)))))
        return clients[-1]

    yield make_with
    for client in clients:
        client.close()


@pytest.fixture
def client(make: MakeClient) -> httpx2.Client:
    return make()


@pytest.fixture
def pets() -> pd.DataFrame:
    """A table with a column of each type, and missing values where they may be."""
    return pd.DataFrame(
        {
            "weight": [4.5, None, 30.0, 3.9, 25.0, 5.1, 28.5, 4.0, 31.0, 4.4] * 2,
            "age": [3, 5, 2, 8, 1, 4, 6, 7, 9, 2] * 2,
            "indoor": [True, False, False, True, False, True, False, True, False, True] * 2,
            "fur": ["short", "long", "long", "short", None, "short", "long", "short", "long", "short"] * 2,
            "kind": ["cat", "dog", "dog", "cat", "dog", "cat", "dog", "cat", "dog", "cat"] * 2,
        }
    )


@pytest.fixture
def pets_csv(pets: pd.DataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "pets.csv"
    pets.to_csv(path, index=False)
    return path


@pytest.fixture
def pipeline(pets: pd.DataFrame) -> Pipeline:
    """A fitted estimator of another making than that of modelapi.training.train."""
    encoder = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["fur"]), remainder="passthrough")
    return make_pipeline(encoder, LogisticRegression()).fit(pets[["fur", "age", "indoor"]], pets["kind"])
