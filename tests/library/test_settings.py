"""Settings are read from the environment; a wrong one is named, with what is allowed."""

import sys
from pathlib import Path

import pytest
from modelapi.serving.settings import Settings
from modelapi.settings import PackageSettings, SettingsError, cores
from modelapi.tunnels import TunnelSettings

from tests.library.conftest import SKELETON


def test_the_defaults_are_those_of_env_example() -> None:
    lines = (SKELETON / ".env.example").read_text(encoding="utf-8").splitlines()
    documented = dict(line.removeprefix("#").split("=") for line in lines if "=" in line)

    fields = Settings.model_fields | TunnelSettings.model_fields
    assert {name.upper() for name in fields} == documented.keys()
    defaults = {name: str(field.default).replace("False", "0").replace("True", "1") for name, field in fields.items()}
    commented = {line[1:].split("=")[0] for line in lines if line.startswith("#") and "=" in line}
    assert {name: value for name, value in documented.items() if name not in commented} == {
        name.upper(): value for name, value in defaults.items() if name.upper() not in commented
    }


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))

    settings = Settings.load()

    assert (settings.port, settings.model_dir) == (9000, tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("WORKERS", "0"),
        ("LOG_FORMAT", "xml"),
        ("MAX_ROWS", "-1"),
        ("KEEP_VERSIONS", "-1"),
        ("SHUTDOWN_TIMEOUT", "2.9"),
        ("CORS_ORIGINS", "a.example"),
        ("FRAME_ANCESTORS", "https://a.example; script-src *"),
        ("FRAME_ANCESTORS", "a.example"),
        ("TRUSTED_PROXIES", "proxy"),
        ("TRUSTED_PROXIES", "*, 10.0.0.1"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("CORS_ORIGINS", "https://a.example/path"),
        ("CORS_ORIGINS", "https://a.example;https://b.example"),
        ("MODEL_SHA256", "0" * 63),
        ("MODEL_SHA256", "g" * 64),
    ],
)
def test_a_wrong_value_is_one_line_that_says_what_is_allowed(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=rf"^{name} has a value that is not allowed: it must be .+$"):
        Settings.load()


def test_a_stop_has_to_leave_time_for_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHUTDOWN_DELAY", "9")

    with pytest.raises(SettingsError, match=r"SHUTDOWN_TIMEOUT .* 2 more than SHUTDOWN_DELAY"):
        Settings.load()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("PORT=8080\n# Čeněk\n".encode("cp1250"), r"/\.env is not UTF-8: save it so in your editor$"),
        (b"PORT=8080\n\n\nhere we go\n", r"/\.env, line 4, is no NAME=value: mend it, or begin it with #$"),
    ],
)
def test_a_file_of_settings_that_cannot_be_read_is_one_line(project: Path, content: bytes, message: str) -> None:
    (project / ".env").write_bytes(content)

    with pytest.raises(SettingsError, match=message):
        Settings.load()


def test_a_setting_without_a_default_that_is_not_set_is_said_to_be_missing(project: Path) -> None:
    class Own(PackageSettings):
        password: str

    with pytest.raises(SettingsError, match=r"^PASSWORD is not set, and has no default: put PASSWORD=… into \.env "):
        Own.load()


def test_there_is_a_core() -> None:
    assert cores() >= 1


def test_a_store_of_rates_without_its_client_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "modelapi.serving.redis_counts", None)
    monkeypatch.setenv("RATE_LIMIT_STORE", "redis://localhost:6379/0")

    with pytest.raises(SettingsError, match=r"^RATE_LIMIT_STORE needs the package redis: write modelapi\[…,redis\] "):
        Settings.load()
