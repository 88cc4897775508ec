"""Records as JSON: parsed and validated in one pass, answered as columns."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NoReturn

from pydantic_core import CoreSchema, SchemaValidator, ValidationError, core_schema, from_json

from modelapi.records.columns import Columns, columns_of
from modelapi.records.faults import (
    FaultLog,
    InvalidRecords,
    MalformedRecords,
    Policy,
    TooManyRecords,
    allowed,
    listed,
    missing,
    unknown,
)
from modelapi.records.moments import read_date_of
from modelapi.signature import SAFE_INTEGER, SAFE_NUMBER, Feature, Signature

MAX_FAULTS = 1_000  # Three bytes of a request can be three faults: the answer must not explode.
SLICE = 100_000  # Bytes of a list, which take some milliseconds to validate.
BETWEEN = re.compile(rb"}[ \t\r\n]*,")


class RecordParser:
    """Turn JSON into columns, typed by the signature."""

    def __init__(
        self,
        signature: Signature,
        *,
        max_rows: int | None = None,
        max_faults: int | None = None,
        unknown_categories: Policy = "refuse",
        unknown_fields: Policy = "refuse",
    ) -> None:
        self.features = {feature.name: feature for feature in signature.features}
        self.unknown_categories = unknown_categories
        self.unknown_fields = unknown_fields
        self.max_faults = max_faults
        self._max_rows = max_rows
        self._allowed = {name: allowed(feature, unknown_categories) for name, feature in self.features.items()}
        self._missing = {name: missing(feature, unknown_categories) for name, feature in self.features.items()}
        self._unknown = unknown(list(self.features))
        record = self._record_schema()
        self._one = SchemaValidator(record)
        # What is wrong is found out in a second look, record by record: all faults of all records can fill the memory.
        many = core_schema.list_schema(record, min_length=1, max_length=max_rows, fail_fast=True)
        self._many = SchemaValidator(many)

    def parse_json(self, body: bytes) -> Columns:
        """Read one record `{…}` or a list of records `[{…}, …]` into columns. Raises RecordsError."""
        return self.columns(self.read_json(body))

    def read_json(self, body: bytes) -> list[dict[str, Any]]:
        """Read and validate one record `{…}` or a list of records `[{…}, …]`. Raises RecordsError."""
        if self.unknown_fields == "ignore":
            _load(body)  # Validation does not look into the fields it ignores.
        try:
            if is_one(body):
                return [self._one.validate_json(body)]
            return self._read_list(body)
        except ValidationError:
            self._explain(body)

    def _read_list(self, body: bytes) -> list[dict[str, Any]]:
        """Read a list slice by slice, for other threads cannot run while something is validated."""
        records: list[dict[str, Any]] = []
        try:
            for part in slices(body):
                records += self._many.validate_json(part)
        except ValidationError:  # Or was it cut within a string?
            return list(self._many.validate_json(body))
        if self._max_rows is not None and len(records) > self._max_rows:
            self._explain(body)
        return records

    def columns(self, records: Sequence[dict[str, Any]]) -> Columns:
        """Make the columns of records that were validated."""
        return columns_of(records, self.features.values())

    def parse_lines(self, lines: Sequence[bytes], start: int = 0) -> Columns:
        """Read one record `{…}` a line, the first of which is row `start`. Raises RecordsError with the row."""
        records: list[dict[str, Any]] = []
        log = FaultLog(self.max_faults)
        for row, line in enumerate(lines, start):
            try:
                if self.unknown_fields == "ignore":
                    _load(line)
                records.append(self._one.validate_json(line))
            except ValidationError:
                try:
                    self._note(_load(line), (row,), log)
                except MalformedRecords:
                    raise MalformedRecords(f"row {row + 1} is not valid JSON") from None
            except MalformedRecords:
                raise MalformedRecords(f"row {row + 1} is not valid JSON") from None
        log.raise_if_any()
        return self.columns(records)

    def parse_values(self, records: Sequence[dict[str, Any]], start: int = 0) -> Columns:
        """Check records of Python values, the first of which is row `start`, into columns. Raises InvalidRecords."""
        return self.columns(self.read_values(records, start))

    def read_values(self, records: Sequence[dict[str, Any]], start: int = 0) -> list[dict[str, Any]]:
        """Check records of Python values, the first of which is row `start`. Raises InvalidRecords."""
        try:
            return list(self._many.validate_python(records))
        except ValidationError:
            log = FaultLog(self.max_faults)
        for row, record in enumerate(records, start):
            self._note(record, (row,), log)
        raise InvalidRecords(log.faults, log.count)

    def _explain(self, body: bytes) -> NoReturn:
        """Look again at a body that was refused, and raise what is wrong with it."""
        content = _load(body)
        log = FaultLog(self.max_faults)
        if isinstance(content, dict):
            self._note(content, (), log)
        elif not isinstance(content, list) or not content:
            log.add((), "must be a record or a list of at least one record")
        elif self._max_rows is not None and len(content) > self._max_rows:
            raise TooManyRecords(f"a request may hold at most {self._max_rows} records: send fewer at a time")
        else:
            for row, record in enumerate(content):
                self._note(record, (row,), log)
        log.raise_if_any()
        raise MalformedRecords("the body is not valid JSON")  # Whatever the first look saw in it.

    def _note(self, record: object, location: tuple[int | str, ...], log: FaultLog) -> None:
        """Note what is wrong with a record, of which the fields that are no features are looked at first."""
        if not isinstance(record, dict):
            log.add(location, f"must be a record with the fields {listed(list(self.features))}")
            return
        if self.unknown_fields == "refuse":
            for name in record:
                if name not in self.features:
                    log.add((*location, str(name)), self._unknown)
        known = {name: value for name, value in record.items() if name in self.features}
        try:
            self._one.validate_python(known)
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_input=False, include_context=False):
                name = str(fault["loc"][-1])
                say = self._missing if fault["type"] == "missing" else self._allowed
                log.add((*location, name), say[name])

    def _record_schema(self) -> CoreSchema:
        fields = {
            feature.name: core_schema.typed_dict_field(self._value_schema(feature))
            for feature in self.features.values()
        }
        behavior: Literal["forbid", "ignore"] = "forbid" if self.unknown_fields == "refuse" else "ignore"
        return core_schema.typed_dict_schema(fields, extra_behavior=behavior)

    def _value_schema(self, feature: Feature) -> CoreSchema:
        schema: CoreSchema
        closed = feature.refuses_unknown(self.unknown_categories)
        if feature.type in ("number", "integer"):
            # A float schema, for 3.0 is an integer in JSON and a strict int schema refuses it.
            whole = feature.type == "integer"
            largest = SAFE_INTEGER if whole else SAFE_NUMBER
            schema = core_schema.float_schema(
                strict=True, allow_inf_nan=False, ge=-largest, le=largest, multiple_of=1 if whole else None
            )
            if closed:
                known = {category: category for category in feature.categories or []}
                schema = core_schema.no_info_after_validator_function(lambda value: _known(known, value), schema)
        elif feature.type == "boolean":
            schema = core_schema.bool_schema(strict=True)
        elif feature.type == "datetime":
            schema = core_schema.no_info_after_validator_function(
                read_date_of(feature), core_schema.str_schema(strict=True)
            )
        elif closed:
            schema = core_schema.literal_schema(list(feature.categories or []))
        else:
            schema = core_schema.str_schema(strict=True, max_length=feature.max_length)
        if not feature.nullable:
            return schema
        return core_schema.with_default_schema(core_schema.nullable_schema(schema), default=None)


def slices(body: bytes) -> Iterator[bytes]:
    """Cut a JSON list of flat objects into shorter lists; a cut within a string makes lists that are not valid."""
    text = body.strip(b" \t\r\n")
    start, end = 1, len(text) - 1
    if text[:1] == b"[" and text[-1:] == b"]":
        while end - start > SLICE and (found := BETWEEN.search(text, start + SLICE, end)):
            yield b"[" + text[start : found.start() + 1] + b"]"
            start = found.end()
    yield b"[" + text[start:] if start > 1 else body


def is_one(body: bytes) -> bool:
    """Tell whether the JSON is one record, and not a list."""
    return body.lstrip(b" \t\r\n")[:1] == b"{"


def _known(known: dict[Any, Any], value: float) -> float:
    if value not in known:
        raise ValueError
    return value


def _load(text: bytes) -> Any:
    """Load JSON. Raises MalformedRecords."""
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedRecords(_malformed(str(error))) from None


def _malformed(message: str) -> str:
    """Keep the place of a parser's message, for the message itself can quote the body."""
    place = re.search(r"at line \d+ column \d+", message)
    return f"the body is not valid JSON{' ' + place.group() if place else ''}"
