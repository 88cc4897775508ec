"""An API from a notebook, in Jupyter and in Google Colab: `api = serve(model, X)` shows the page to try the model."""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

from modelapi.packaging import Live, package_live
from modelapi.process.beside import LOCALHOST, free_port, serve_beside
from modelapi.process.target import ENTRIES
from modelapi.project import Project, current_project
from modelapi.serving.keys import digest_of, make_key, write_entries
from modelapi.settings import PackageSettings, SettingsError
from modelapi.share import link
from modelapi.training.features import final
from modelapi.tunnels import TunnelSettings, find_tunnel

Framework = Literal["fastapi", "flask"]
FRAMEWORKS: dict[Framework, str] = {"fastapi": "asgi", "flask": "wsgi"}
# What may show the page in a frame: Jupyter on this machine or, through its proxy, elsewhere; VS Code; Colab.
JUPYTER = "self, http://localhost:*, http://127.0.0.1:*, vscode-webview:, vscode-file:"
COLAB = "self, https://colab.research.google.com, https://*.googleusercontent.com"

_running: dict[str, Api] = {}


class Api:
    """A model that a notebook serves, until `stop()` or its end, whatever that is."""

    def __init__(self, given: Live, title: str, framework: Framework | None) -> None:
        """Package and serve. Raises as `modelapi.packaging.package` does, and SettingsError."""
        self._given, self._title = given, title
        self._port, self._sharing = free_port(), ExitStack()
        project = current_project()
        project.make_importable()
        # What the project has in features/ the model needs, wherever the application lies.
        self._path = os.pathsep.join(filter(None, [str(project.root), os.environ.get("PYTHONPATH")]))
        self.framework, root = _find_app(project, framework)
        with ExitStack() as stack:
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="modelapi-")))
            self._root = root or _write_app(self._folder / "app", title, self.framework)
            settings = PackageSettings.load().model_copy(update={"model_dir": self._folder / "artifacts"})
            self.version = package_live(given, settings).version
            stack.callback(self._sharing.close)
            self._serve(stack, self._port, API_KEYS="", RATE_LIMIT="", ROOT_PATH="")
            self._stack = stack.pop_all()

    def _serve(self, stack: ExitStack, port: int, **settings: str) -> None:
        own = {
            "MODEL_DIR": str(self._folder / "artifacts"),
            "MODEL_SHA256": "",
            "WORKERS": "1",
            "PYTHONPATH": self._path,
            "FRAME_ANCESTORS": COLAB if _is_colab() else JUPYTER,
        }
        log = self._folder / f"{port}.log"
        stack.enter_context(serve_beside(self._root, port, log, **own, **settings))

    @property
    def local_url(self) -> str:
        """Where code of this notebook finds the API."""
        return f"http://{LOCALHOST}:{self._port}/"

    @property
    def url(self) -> str:
        """Where the browser that shows this notebook finds the page."""
        if _is_colab():
            from google.colab import output

            return str(output.eval_js(f"google.colab.kernel.proxyPort({self._port})"))
        if prefix := os.environ.get("JUPYTERHUB_SERVICE_PREFIX"):  # With jupyter-server-proxy, as hubs have it.
            return f"{prefix}proxy/{self._port}/"
        return self.local_url

    def show(self, height: int = 720) -> None:
        """Show the page to try the model below the cell or, where there is none, say where it is."""
        if _is_colab():
            from google.colab import output

            output.serve_kernel_port_as_iframe(self._port, height=str(height))
            return
        print(f"{self._title} answers at {self.url}")
        if _is_notebook():
            from IPython.display import IFrame, display

            display(IFrame(self.url, "100%", height))

    def share(self, *, public: bool = False) -> str:
        """Open a public tunnel, as `modelapi share` does, and return its address.

        It leads to a server of its own, which asks for a key that is shown here, this once; with `public` for none.
        Raises TunnelError or SettingsError.
        """
        open_tunnel, key, port = find_tunnel(TunnelSettings.load()), make_key(), free_port()
        self._sharing.close()
        keys = "" if public else write_entries([("shared", digest_of(key.encode()))])
        self._serve(self._sharing, port, API_KEYS=keys, TRUSTED_PROXIES=LOCALHOST)
        url = self._sharing.enter_context(open_tunnel(f"http://{LOCALHOST}:{port}")).url
        print(link(url, "for everybody, without a key" if public else f"with the key {key}", "until api.stop()"))
        return url

    def eject(self, folder: str | os.PathLike[str], *, template: str | None = None, **answers: str) -> Path:
        """Write the project that the template makes, with this model packaged, and return where it is.

        folder : a new one; its name is the project's. template : a folder or an address of git, if not the known one.
        answers : to the template's questions, as python_version="3.13". Raises TemplateError.
        """
        from modelapi.eject import eject

        return eject(self._given, Path(folder), template, {"framework": self.framework, **answers})

    def stop(self) -> None:
        """End the server and the tunnel, and remove what they needed."""
        self._stack.close()

    def __repr__(self) -> str:
        return f"<Api {self._title!r} at {self.url}>"


def serve(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    title: str = "",
    framework: Framework | None = None,
    engine: str | None = None,
    training: Any = None,
    height: int = 720,
) -> Api:
    """Serve a fitted estimator on this machine, and show the page to try it.

    X, y, engine, training : as `modelapi.packaging.package` takes them.
    title : the name of the API; another one with this title, as of the cell's last run, is stopped.
    framework : fastapi or flask; by default that of the project this is in, or whichever is installed.
    In a project its own application serves it; its current model stays what it was. Raises as `package` does.
    """
    title = title or (current_project().title if _find_entry(current_project()) else type(final(estimator)).__name__)
    if title in _running:
        _running.pop(title).stop()
    api = _running[title] = Api(Live(estimator, X, y, engine, training), title, framework)
    atexit.register(api.stop)
    api.show(height)
    return api


def _find_app(project: Project, framework: Framework | None) -> tuple[Framework, Path | None]:
    """Choose the framework, and the project whose application is in it, if there is one. Raises SettingsError."""
    entry = _find_entry(project)
    for name, module in FRAMEWORKS.items():
        if framework in (name, None) and entry == module:
            return name, project.root
    installed = [name for name in FRAMEWORKS if importlib.util.find_spec(name)]
    if framework not in (None, *installed) or not installed:
        raise SettingsError(f"{framework or 'a web framework'} is not installed: install modelapi[fastapi] or [flask]")
    return framework or installed[0], None


def _find_entry(project: Project) -> str:
    return next((name for name in ENTRIES if (project.root / f"{name}.py").is_file()), "")


def _write_app(folder: Path, title: str, framework: Framework) -> Path:
    folder.mkdir()
    quoted = json.dumps(title, ensure_ascii=False)
    (folder / "pyproject.toml").write_text(f"[tool.modelapi]\ntitle = {quoted}\n", encoding="utf-8")
    entry = folder / f"{FRAMEWORKS[framework]}.py"
    entry.write_text(f"from modelapi.{framework}.standalone import app\n", encoding="utf-8")
    return folder


def _is_colab() -> bool:
    return "google.colab" in sys.modules


def _is_notebook() -> bool:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel")
