"""Keys open what is not open to all, and nothing tells one key from another but whose it is."""

import hashlib
from collections.abc import Callable

import pytest
from modelapi.serving.answers import Problem
from modelapi.serving.keys import Keys
from modelapi.serving.settings import Settings
from modelapi.settings import SettingsError

ADA, BOB = b"mapi_one", b"mapi_other"


def entry(name: str, key: bytes) -> str:
    return f"{name}:{hashlib.sha256(key).hexdigest()}"


KEYS = Keys(f"{entry('ada', ADA)}, {entry('bob', BOB)}")


def refusal(act: Callable[[], object]) -> Problem:
    with pytest.raises(Problem) as caught:
        act()
    assert caught.value.status == 401
    assert caught.value.headers == {"WWW-Authenticate": "Bearer"}
    return caught.value


@pytest.mark.parametrize(
    ("authorization", "x_api_key", "name"),
    [
        (b"Bearer " + ADA, None, "ada"),
        (b"bearer  " + BOB + b" ", None, "bob"),
        (None, BOB, "bob"),
        (b"Bearer " + ADA, ADA, "ada"),
        (b"Basic YTpi", ADA, "ada"),
    ],
)
def test_a_known_key_says_who_asks(authorization: bytes | None, x_api_key: bytes | None, name: str) -> None:
    assert KEYS.principal(authorization, x_api_key) == name


@pytest.mark.parametrize("authorization", [None, b"", b"Bearer", b"Bearer ", b"Basic YTpi", ADA])
@pytest.mark.parametrize("x_api_key", [None, b""])
def test_without_a_key_it_says_where_to_put_one(authorization: bytes | None, x_api_key: bytes | None) -> None:
    problem = refusal(lambda: KEYS.principal(authorization, x_api_key))

    assert problem.detail.startswith("send a key in the header Authorization")


@pytest.mark.parametrize(
    "key", [b"mapi_on", b"mapi_one2", b"MAPI_ONE", b"\xff", hashlib.sha256(ADA).hexdigest().encode()]
)
def test_a_key_that_is_not_known_is_refused_and_not_repeated(key: bytes) -> None:
    problem = refusal(lambda: KEYS.principal(b"Bearer " + key, None))

    assert problem.detail.startswith("this key is not known here")
    assert key.decode("latin-1") not in problem.detail


def test_two_different_keys_are_refused_even_if_both_are_known() -> None:
    problem = refusal(lambda: KEYS.principal(b"Bearer " + ADA, BOB))

    assert problem.detail == "Authorization and X-API-Key hold different keys: send one key"


def test_each_hash_is_compared_whichever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def compare(known: bytes, given: bytes) -> bool:
        compared.append(known)
        return known == given

    monkeypatch.setattr("modelapi.serving.keys.hmac.compare_digest", compare)

    KEYS.principal(None, ADA)
    first = len(compared)
    refusal(lambda: KEYS.principal(None, b"unknown"))

    assert (first, len(compared)) == (2, 4)


def test_without_api_keys_nobody_is_asked() -> None:
    keys = Keys("")

    assert not keys.are_asked_for
    assert keys.principal(b"Bearer whatever", None) == ""


@pytest.mark.parametrize(
    "path", ["/", "/health", "/ready", "/docs", "/redoc", "/openapi.json", "/llms.txt", "/static/form.js", "/metrics"]
)
def test_probes_docs_and_the_page_are_open(path: str) -> None:
    assert KEYS.is_open(path)


@pytest.mark.parametrize(
    "path",
    [
        "/predict",
        "/model",
        "/nope",
        "/yours",
        "",
        "//health",
        "/health/",
        "/HEALTH",
        "/static/../predict",
        "/static/a/b",
    ],
)
def test_all_else_needs_a_key_also_what_you_add(path: str) -> None:
    assert not KEYS.is_open(path)


def test_metrics_need_a_key_where_they_are_not_public() -> None:
    assert not Keys(entry("ada", ADA), public_metrics=False).is_open("/metrics")


@pytest.mark.parametrize(
    "value",
    [
        "mapi_secret",
        "ada:mapi_secret",
        f"ada:{'g' * 64}",
        f"ada:{'0' * 63}",
        f"{entry('ada', ADA)},{entry('ada', BOB)}",
        f"{entry('a b', ADA)}",
        f"{entry('x' * 65, ADA)}",
        "0" * 64,
    ],
)
def test_a_wrong_setting_is_one_line_that_does_not_repeat_it(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS", value)

    sentence = r"^API_KEYS has a value that is not allowed: it must be empty, or name:hash .+$"
    with pytest.raises(SettingsError, match=sentence) as caught:
        Settings.load()
    assert value not in str(caught.value)
    assert "secret" not in str(caught.value)
