"""What the tests of serving share: an API of the framework that `--framework` names, with a model of its own.

A module whose name ends in the name of a framework is about that one alone.
"""

from __future__ import annotations

import importlib
import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from modelapi import package
from modelapi.package import Package
from modelapi.signature import Label

from tests.library import tunnel_service
from tests.library.conftest import PYPROJECT, SKELETON

if TYPE_CHECKING:  # Training, packaging and scoring are tested without the web.
    import httpx2
    from modelapi.engines import Prediction
    from modelapi.serving.extension import Extension
    from modelapi.serving.service import ServedModel, Service

FRAMEWORKS = ("fastapi", "flask")
SECONDS = 300  # No test waits longer for what is to come.

Record = dict[str, Label]
MakeClient = Callable[..., "httpx2.Client"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--framework", choices=FRAMEWORKS, default=FRAMEWORKS[0], help="in which the API is tested")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what is about the other framework, which need not be installed."""
    of = collection_path.stem.rpartition("_")[2]
    return True if of in FRAMEWORKS and of != config.getoption("--framework") else None


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "web: is tested in each framework, all else in the first alone")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.stem.endswith(FRAMEWORKS) or "site" in getattr(item, "fixturenames", ()):
            item.add_marker("web")
    others = [item for item in items if not item.get_closest_marker("web")]
    if others and config.getoption("--framework") != FRAMEWORKS[0]:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """Let no test log to the output of one before it."""
    handlers, level = logging.root.handlers, logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers, logging.root.level = handlers, level


@pytest.fixture(scope="session")
def framework(request: pytest.FixtureRequest) -> str:
    name: str = request.config.getoption("--framework")
    return name


@pytest.fixture(scope="session")
def site(framework: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the skeleton's API in this framework, and a model that the library has trained."""
    folder = tmp_path_factory.mktemp("site")
    ignore = shutil.ignore_patterns("__pycache__", "requirements", "tests")
    for name in ("api", "features", "steps", "data"):
        shutil.copytree(SKELETON / name, folder / name, ignore=ignore)
    shutil.copytree(SKELETON / "variants" / "framework" / framework, folder, ignore=ignore, dirs_exist_ok=True)
    (folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "modelapi", "train"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    sys.path.insert(0, str(folder))
    return folder


@pytest.fixture(scope="session")
def current(site: Path) -> Package:
    from api.settings import Settings

    settings = Settings.load()
    folder = package.current(settings.model_dir)
    return package.load(folder, allow_pickle=settings.allow_pickle, sha256=settings.model_sha256)


@pytest.fixture(scope="session")
def record(current: Package) -> Record:
    return current.signature.example()


@pytest.fixture
def make(site: Path, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeClient]:
    """Make clients of applications with other settings, and other arguments of ModelApi: make(max_rows=1, adjust=f)."""
    from api import app as module
    from api.settings import Settings

    with ExitStack() as stack:

        def make_with(*, adjust: object = None, models: object = None, **settings: Any) -> httpx2.Client:
            defaults = Settings.load().model_dump(include={"model_dir", "allow_pickle"})
            with monkeypatch.context() as owner:
                owner.setattr(module, "ModelApi", partial(module.ModelApi, models=models))
                if adjust:
                    owner.setattr(module, "adjust", adjust)
                app = module.create_app(Settings.model_construct(**(defaults | settings)))
            client = make_client(app)
            stack.callback(client.close)
            return client

        yield make_with


@pytest.fixture(scope="session")
def make_client(framework: str) -> MakeClient:
    """Make a client of an application."""
    make: MakeClient = importlib.import_module(f"tests.library.client_{framework}").make_client
    return make


@pytest.fixture(scope="session")
def shared(site: Path, make_client: MakeClient) -> tuple[httpx2.Client, Extension]:
    from api.app import create_app
    from modelapi.serving.extension import Extension

    client = make_client(create_app())
    assert Extension.newest
    return client, Extension.newest


@pytest.fixture
def client(shared: tuple[httpx2.Client, Extension], monkeypatch: pytest.MonkeyPatch) -> httpx2.Client:
    """A client of an application with the default settings, which tests do not change."""
    from modelapi.serving.extension import Extension
    from modelapi.serving.logs import configure_logs

    client, extension = shared
    configure_logs(extension.settings.log_level, extension.settings.log_format)
    monkeypatch.setattr(Extension, "newest", extension)
    return client


def newest() -> Service:
    """Return the service of the application that was made last."""
    from modelapi.serving.extension import Extension

    assert Extension.newest
    return Extension.newest.service


def served() -> ServedModel:
    """Return the model that it serves."""
    model = newest().model.served
    assert model
    return model


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.001)


@pytest.fixture
def agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a stand-in of ngrok and Cloudflare; no other agents of theirs are found."""
    tunnel_service.install(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setenv("TUNNELS", str(tmp_path))
    monkeypatch.delenv("NGROK_AUTHTOKEN", raising=False)
    return tmp_path


class Hold:
    """Stands before the engine of the newest application: its calls wait until they may go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.has_begun, self._may_go_on = Event(), Event()
        engine = type(served().package.engine)
        predict = engine.predict

        def wait(*columns: Any, **options: Any) -> Prediction:
            self.has_begun.set()
            assert self._may_go_on.wait(SECONDS)
            return predict(*columns, **options)

        monkeypatch.setattr(engine, "predict", wait)

    def wait_for_a_call(self) -> None:
        assert self.has_begun.wait(SECONDS)

    def let_go(self) -> None:
        self._may_go_on.set()


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Hold]]:
    """Hold the engine of the newest application: hold().wait_for_a_call()."""
    held: list[Hold] = []

    def begin() -> Hold:
        held.append(Hold(monkeypatch))
        return held[-1]

    yield begin
    for one in held:
        one.let_go()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each engine be taken for a slow one."""
    monkeypatch.setattr("modelapi.serving.service.SLOW", 0)
