"""Large lists are read in slices, as one whole would be, and no call is long, whatever the body."""

import json
from contextlib import suppress
from typing import Any

import pytest
from modelapi.records import slices
from modelapi.records.faults import MalformedRecords, RecordsError, TooManyRecords
from modelapi.records.parser import MAX_FAULTS, RecordParser

from tests.library.test_records import GOOD, PARSER, SIGNATURE

SIZE = 2_000  # Of a slice here, so that small bodies are large.
STRICT = RecordParser(SIGNATURE, max_rows=30, max_faults=MAX_FAULTS)
IGNORANT = RecordParser(SIGNATURE, max_rows=30, max_faults=MAX_FAULTS, unknown_fields="ignore")


def lists() -> list[bytes]:
    texts = ["", '"', "\\", 'a "quoted" {brace}, [bracket]', "\u00e9\u2028", "}, {", '"},{"', "\\u0041", "},,"]
    rows = [{**GOOD, "note": text} for text in texts] * 3
    return [
        json.dumps(rows).encode(),
        json.dumps(rows, indent=2, ensure_ascii=False).encode(),
        b" \n[" + b" ,\t".join(json.dumps(row).encode() for row in rows) + b"]\r\n",
    ]


@pytest.mark.parametrize("size", [1, 7, 50, 100, 333])
def test_a_list_is_read_the_same_in_slices_of_any_size(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    expected = [PARSER.read_json(body) for body in lists()]
    monkeypatch.setattr(slices, "SLICE", size)

    assert [PARSER.read_json(body) for body in lists()] == expected
    assert [list(PARSER.read_batches(body)) for body in lists()] == [[records] for records in expected]


def wrong() -> list[bytes]:
    lists: list[list[object]] = [[GOOD, {**GOOD, "age": "x"}, {}], [{**GOOD, "x": {"y": [1]}}, [GOOD], 3, [], None]]
    bodies = [json.dumps(one).encode() for one in [*lists, [GOOD] * 31, [], {}, 3]]
    texts = ("[G", "[G,]", "[,G]", "[GG]", "[G G]", "x[G]", "[G]x", "[[G]]", "[G]]", "[G,G", "[G,,G]", "G,G", "[G},G]")
    more = (
        "[G,\n\nG,\n{]",
        '[G,{"note":"},\n{"},{"age":NaN}]',
        "[G,{}]]",
        "[G,{}",
        '[G,{"a":"},{',
        "[G\\]",
        "[\xff]",
        "[]x",
    )
    return bodies + [text.encode("latin-1").replace(b"G", json.dumps(GOOD).encode()) for text in texts + more]


def refusal(parser: RecordParser, body: bytes) -> tuple[str, object]:
    with pytest.raises(RecordsError) as caught:
        parser.read_json(body)
    return str(caught.value), getattr(caught.value, "faults", None)


@pytest.mark.parametrize("size", [1, 10, 200])
@pytest.mark.parametrize("parser", [STRICT, IGNORANT])
def test_what_is_wrong_is_refused_the_same_in_slices(
    monkeypatch: pytest.MonkeyPatch, parser: RecordParser, size: int
) -> None:
    expected = [refusal(parser, body) for body in wrong()]
    monkeypatch.setattr(slices, "SLICE", size)

    assert [refusal(parser, body) for body in wrong()] == expected


class Watch:
    """Passes on what a validator is given, and keeps how much that was."""

    def __init__(self, validator: Any, sizes: list[int]) -> None:
        self._validator, self._sizes = validator, sizes

    def validate_json(self, text: bytes) -> Any:
        self._sizes.append(len(text))
        return self._validator.validate_json(text)

    def validate_python(self, value: Any) -> Any:
        return self._validator.validate_python(value)


def many(part: bytes, n: int = 9_000) -> bytes:
    return b"[" + b",".join([part] * n) + b"]"


@pytest.mark.parametrize(
    "body",
    [
        many(json.dumps(GOOD).encode()),
        many(b'{"age":1}'),
        many(b'{"a":1,"b":1,"c":1,"d":1}'),
        many(b'{"a":[' + many(b"[]", 30) + b"]}"),
        many(b'{"note":"},{"},{"note":"},{"}', 4_000),
        many(b"[]"),
        many(b"1"),
        many(b'{"age":NaN}'),
        many(b'{"age":1}')[:-1] + b",{]",
        many(b'{"' + b'\\"' * 300 + b'":1}'),
    ],
)
def test_no_call_takes_more_than_two_slices(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    sizes: list[int] = []
    load = slices.from_json

    def watch(text: bytes, **options: Any) -> Any:
        sizes.append(len(text))
        return load(text, **options)

    parser = RecordParser(SIGNATURE, max_rows=10_000, max_faults=MAX_FAULTS)
    monkeypatch.setattr(slices, "SLICE", SIZE)
    monkeypatch.setattr(slices, "from_json", watch)
    monkeypatch.setattr(parser, "_one", Watch(parser._one, sizes))
    monkeypatch.setattr(parser, "_many", Watch(parser._many, sizes))

    with suppress(RecordsError):
        assert len(parser.read_json(body)) == 9_000

    assert max(sizes) < 2 * SIZE + 10 < len(body)


@pytest.mark.parametrize(
    "record",
    [
        b"{" + b",".join(b'"%d":1' % number for number in range(30_000)) + b"}",
        b'{"a":' + many(b"[]", 60_000) + b"}",
        b'{"note":"' + b"x" * 1_000_001 + b'"}',
        b" " * 1_000_000 + b"{}",
    ],
)
def test_a_record_that_is_too_long_is_refused_before_it_is_read(record: bytes) -> None:
    good = json.dumps(GOOD).encode()

    for body in (record, b"[" + record + b"]", many(good, 2_000)[:-1] + b"," + record + b"," + good + b"]"):
        with pytest.raises(TooManyRecords, match=r"^a record may hold at most 1000000 bytes and 20000 values$"):
            PARSER.read_json(body)
    with pytest.raises(TooManyRecords, match=r"^row 3 is too long: a record may hold"):
        PARSER.parse_lines([good, record], start=1)


def test_a_record_longer_than_a_slice_is_read() -> None:
    long = {**GOOD, "note": '},{"' * 100_000}

    assert PARSER.read_json(json.dumps([GOOD, long, GOOD]).encode()) == PARSER.read_values([GOOD, long, GOOD])
    assert PARSER.read_json(json.dumps(long).encode())[0]["note"] == long["note"]
    assert PARSER.parse_lines([json.dumps(long).encode()])["note"].tolist() == [long["note"]]


@pytest.mark.parametrize("body", [b"[" * 300_000, b'{"a":' * 100_000, b"[1," + b"[" * 300_000])
def test_deep_nesting_is_no_json_however_long_it_is(body: bytes) -> None:
    with pytest.raises(MalformedRecords, match=r"^the body is not valid JSON at line 1 column "):
        PARSER.read_json(body)


def test_too_many_rows_are_refused_before_the_last_is_read() -> None:
    with pytest.raises(TooManyRecords, match=r"^a request may hold at most 10000 records"):
        PARSER.read_json(many(json.dumps(GOOD).encode(), 12_000) + b"no more JSON")


def test_a_byte_order_mark_is_read_over() -> None:
    text = json.dumps(GOOD).encode()

    for body in (text, b"[%b]" % text, many(text, 2_000)):
        assert PARSER.read_json(b"\xef\xbb\xbf" + body) == PARSER.read_json(body)
