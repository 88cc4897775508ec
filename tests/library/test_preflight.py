"""A server that cannot start says why in one line, with the remedy."""

import resource
import socket
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from modelapi.package import PackageError
from modelapi.process.files import check_open_files
from modelapi.process.preflight import check_address, find_slips, load_settings, preflight
from modelapi.project import find_project
from modelapi.settings import SettingsError


def test_a_start_without_a_model_names_make_train(site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))

    with pytest.raises(PackageError, match=r'CURRENT not found: run "make train" first$'):
        preflight(find_project(site))


def test_a_start_with_another_model_than_the_pinned_one_is_refused(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_SHA256", "0" * 64)

    with pytest.raises(PackageError, match=r"manifest\.json is not the one that MODEL_SHA256 names: .*$"):
        preflight(find_project(site))


def test_the_settings_are_of_the_projects_own_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", sys.path.copy())
    for name in ("api", "api.settings"):
        monkeypatch.setitem(sys.modules, name, sys)  # Of another project, put back at the end.
        monkeypatch.delitem(sys.modules, name)
    own = """
        import modelapi

        class Settings(modelapi.Settings):
            page_size: int = 20
    """
    (tmp_path / "pyproject.toml").write_text("[tool.modelapi]\n", encoding="utf-8")
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "__init__.py").touch()
    (tmp_path / "api" / "settings.py").write_text(dedent(own), encoding="utf-8")
    env = "PORT=9000\nRATE_LIMTI=3/minute\nPAGE_SIZE=20\nNGROK_REGION=eu\nOTHER=1\n"
    (tmp_path / ".env").write_text(env, encoding="utf-8")
    project = find_project(tmp_path)

    settings = load_settings(project)

    assert list(find_slips(settings)) == [("RATE_LIMTI", "RATE_LIMIT")]
    assert (settings.page_size, settings.port) == (20, 9000)  # type: ignore[attr-defined]
    assert settings.model_dir == tmp_path / "artifacts"
    monkeypatch.setenv("PAGE_SIZE", "many")
    with pytest.raises(SettingsError, match=r"^PAGE_SIZE has a value that is not allowed"):
        load_settings(project)


def test_too_few_open_files_are_named() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (150, before[1]))
    try:
        check_open_files(5)
        with pytest.raises(
            SettingsError, match=r"^a process may have 150 files open here, and 6 workers need 152: .*$"
        ):
            check_open_files(6)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(SettingsError, match=rf"^PORT {port} is in use: .*set PORT to another$"):
            check_address("127.0.0.1", port)


def test_a_host_that_is_not_ours_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^HOST and PORT name no address of this machine"):
        check_address("192.0.2.1", 8080)


def test_a_free_port_passes(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("HOST", "127.0.0.1")
    monkeypatch.setenv("PORT", str(port))

    settings, engine = preflight(find_project(site))

    assert (settings.port, engine) == (port, "onnx")
