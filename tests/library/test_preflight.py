"""A server that cannot start says why in one line, with the remedy."""

import socket
from pathlib import Path

import pytest

from modelapi.process.preflight import check_address, preflight
from modelapi.settings import SettingsError


def test_a_start_without_a_model_names_make_train(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))

    with pytest.raises(SystemExit, match=r'^Not started: .*CURRENT not found: run "make train" first$'):
        preflight()


def test_a_start_with_another_model_than_the_pinned_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_SHA256", "0" * 64)

    with pytest.raises(SystemExit, match=r"^Not started: .*manifest\.json is not the one that MODEL_SHA256 names: .*$"):
        preflight()


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(SettingsError, match=rf"^PORT {port} is in use: .*set PORT to another$"):
            check_address("127.0.0.1", port)


def test_a_host_that_is_not_ours_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^HOST and PORT name no address of this machine"):
        check_address("192.0.2.1", 8080)


def test_a_free_port_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("HOST", "127.0.0.1")
    monkeypatch.setenv("PORT", str(port))

    assert preflight().port == port
