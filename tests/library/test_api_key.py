"""`make api-key` shows a key once, and keeps its hash."""

import re
import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values
from modelapi.serving import api_key
from modelapi.serving.keys import Keys

KEY = re.compile(r"^  (mapi_[A-Za-z0-9_-]{43})$", re.MULTILINE)


@pytest.fixture
def env(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("API_KEYS", raising=False)
    return project / ".env"


def make(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Make a key and return it, as it was shown."""
    api_key.main(arguments)
    (key,) = KEY.findall(capsys.readouterr().out)
    return str(key)


def keys(env: Path) -> Keys:
    return Keys(dotenv_values(env)["API_KEYS"] or "")


def test_the_key_that_is_shown_is_the_one_that_opens(env: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = make(capsys, "--name=ada")

    assert keys(env).principal(None, key.encode()) == "ada"
    assert key not in env.read_text(encoding="utf-8")
    assert stat.S_IMODE(env.stat().st_mode) == 0o600


def test_a_name_of_hyphens_is_a_name(env: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = make(capsys, "--name=--")

    assert keys(env).principal(None, key.encode()) == "--"


def test_it_says_what_to_set_elsewhere(env: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api_key.main(["--name=ada"])

    text = capsys.readouterr().out
    (entry,) = re.findall(r"^  (ada:[0-9a-f]{64})$", text, re.MULTILINE)
    assert env.read_text(encoding="utf-8") == f"API_KEYS={entry}\n"
    assert 'curl http://localhost:8080/model -H "Authorization: Bearer $KEY"' in text


def test_it_says_where_the_api_is(env: Path, capsys: pytest.CaptureFixture[str]) -> None:
    env.write_text("PORT=9000\n", encoding="utf-8")

    api_key.main(["--name=ada"])

    assert "curl http://localhost:9000/model " in capsys.readouterr().out


def test_other_lines_and_other_keys_stay(env: Path, capsys: pytest.CaptureFixture[str]) -> None:
    env.write_text("# Mine\nPORT=9000\nAPI_KEYS=\nLOG_LEVEL=debug", encoding="utf-8")
    env.chmod(0o644)

    ada, bob = make(capsys, "--name=ada"), make(capsys, "--name=bob")

    lines = env.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("API_KEYS")] == ["# Mine", "PORT=9000", "LOG_LEVEL=debug"]
    assert len(lines) == 4
    assert [keys(env).principal(None, key.encode()) for key in (ada, bob)] == ["ada", "bob"]
    assert stat.S_IMODE(env.stat().st_mode) == 0o600


def test_a_name_is_taken_once_unless_it_is_to_be_replaced(env: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = make(capsys, "--name=ada")
    before = env.read_text(encoding="utf-8")

    with pytest.raises(SystemExit, match=r"^Not made: \.env has a key of this NAME: .*REPLACE=1$"):
        api_key.main(["--name=ada"])
    assert env.read_text(encoding="utf-8") == before
    new = make(capsys, "--name=ada", "--replace")

    assert new != old
    assert keys(env).principal(None, new.encode()) == "ada"


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a,b", "é", "x" * 65, "a\nb"])
def test_a_name_that_no_log_could_hold_is_refused(env: Path, name: str) -> None:
    with pytest.raises(SystemExit, match=r"^Not made: NAME must be 1 to 64 letters"):
        api_key.main([f"--name={name}"])
    assert not env.exists()


def test_a_wrong_env_is_left_as_it_is(env: Path) -> None:
    env.write_text("API_KEYS=mapi_secret\n", encoding="utf-8")

    with pytest.raises(SystemExit, match=r"^Not made: API_KEYS in \.env has a value that is not allowed") as caught:
        api_key.main(["--name=ada"])
    assert "secret" not in str(caught.value)
    assert env.read_text(encoding="utf-8") == "API_KEYS=mapi_secret\n"


def test_an_environment_that_wins_is_named(
    env: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("API_KEYS", "")

    api_key.main(["--name=ada"])

    assert "which wins over .env" in capsys.readouterr().out
