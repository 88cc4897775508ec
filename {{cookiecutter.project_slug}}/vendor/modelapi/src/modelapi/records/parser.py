"""Records as JSON: parsed and validated in one pass, answered as columns."""

from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic_core import CoreSchema, SchemaValidator, ValidationError, core_schema

from modelapi.records import slices
from modelapi.records.columns import Columns, columns_of
from modelapi.records.faults import (
    FaultLog,
    MalformedRecords,
    Policy,
    TooManyRecords,
    listed,
    missing,
    too_many,
    unknown,
    wrong,
)
from modelapi.records.moments import read_date_of
from modelapi.records.slices import JsonList, Most, Unreadable, load, load_one
from modelapi.records.tables import BATCH_ROWS
from modelapi.signature import SAFE_INTEGER, SAFE_NUMBER, Feature, Signature

MAX_FAULTS = 1_000  # Three bytes of a request can be three faults: the answer must not explode.
NOTHING = "must be a record or a list of at least one record"


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
        self._most = most_of(signature.features)
        self._wrong = {name: wrong(feature, unknown_categories) for name, feature in self.features.items()}
        self._missing = {name: missing(feature, unknown_categories) for name, feature in self.features.items()}
        self._null = {name: missing(feature, unknown_categories, "null") for name, feature in self.features.items()}
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
        if len(body) <= 2 * slices.SLICE and (records := self._read_at_once(body)) is not None:
            return records
        records = []
        for part in self._read_slices(body):
            records += part
        return records

    def read_batches(self, body: bytes) -> Iterator[list[dict[str, Any]]]:
        """Read them in lists of up to BATCH_ROWS, all of them before any is used. Raises RecordsError."""
        batch: list[dict[str, Any]] = []
        for records in self._read_slices(body):
            if batch and len(batch) + len(records) > BATCH_ROWS:
                yield batch
                batch = []
            batch += records
        yield batch

    def _read_at_once(self, body: bytes) -> list[dict[str, Any]] | None:
        """Validate a short body in one call; None if that is not all there is to say."""
        if self.unknown_fields == "ignore":
            load(body)  # Validation does not look into the fields it ignores.
        try:
            return [self._one.validate_json(body)] if is_one(body) else self._many.validate_json(body)
        except ValidationError:
            return None

    def _read_slices(self, body: bytes) -> Iterator[list[dict[str, Any]]]:
        """Read slice by slice, or raise what is wrong with all of them at the end."""
        body = body.removeprefix(BOM_UTF8)
        log = FaultLog(self.max_faults)
        if not is_list(body):
            content = load_one(body, self._most)
            if isinstance(content, dict):
                yield self._check([content], None, log)
            else:
                log.add((), NOTHING)
            log.raise_if_any()
            return
        n_rows = 0
        parts = JsonList(body, self._most)
        while parts.is_left:
            records = None if log.count else self._try(parts.likely())
            if records is None:
                content = parts.load()
                n_rows += len(content)
                self._count(n_rows)
                records = self._check(content, n_rows - len(content), log)
            else:
                n_rows += len(records)
                self._count(n_rows)
            if not log.count:
                yield records
            parts.advance()
        if not n_rows:
            log.add((), NOTHING)
        log.raise_if_any()

    def _try(self, part: bytes | None) -> list[dict[str, Any]] | None:
        """Validate a slice that may be cut in a wrong place; None if it is not a list of valid records."""
        if part is None:
            return None
        try:
            if self.unknown_fields == "ignore":
                load(part)  # As above.
            records: list[dict[str, Any]] = self._many.validate_json(part)
            return records
        except (ValidationError, MalformedRecords):
            return None

    def _count(self, n_rows: int) -> None:
        if self._max_rows is not None and n_rows > self._max_rows:
            raise too_many(self._max_rows)

    def _check(self, content: Sequence[Any], start: int | None, log: FaultLog) -> list[dict[str, Any]]:
        """Validate records one by one, the first of which is row `start`, and note what is wrong with the others."""
        records = []
        for place, record in enumerate(content):
            try:
                records.append(self._one.validate_python(record))
            except ValidationError as error:
                if log.is_full:  # To write out what is wrong takes as long as to validate ten records.
                    log.count += error.error_count()
                else:
                    self._note(record, () if start is None else (start + place,), log)
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
                records += self._read_line(line, row, log)
            except Unreadable as error:
                raise MalformedRecords(f"row {row + 1} is not valid JSON{error.hint}") from None
            except TooManyRecords as error:
                raise TooManyRecords(f"row {row + 1} is too long: {error}") from None
        log.raise_if_any()
        return self.columns(records)

    def _read_line(self, line: bytes, row: int, log: FaultLog) -> list[dict[str, Any]]:
        if self.unknown_fields == "ignore":
            load_one(line, self._most)  # As above.
        try:
            if len(line) <= 2 * slices.SLICE:
                return [self._one.validate_json(line)]
        except ValidationError:
            pass
        return self._check([load_one(line, self._most)], row, log)

    def parse_values(self, records: Sequence[dict[str, Any]], start: int = 0) -> Columns:
        """Check records of Python values, the first of which is row `start`, into columns. Raises RecordsError."""
        return self.columns(self.read_values(records, start))

    def read_values(self, records: Sequence[dict[str, Any]], start: int = 0) -> list[dict[str, Any]]:
        """Check records of Python values, the first of which is row `start`. Raises RecordsError."""
        self._count(len(records))
        log = FaultLog(self.max_faults)
        checked: list[dict[str, Any]] = []
        for place in range(0, len(records), BATCH_ROWS):
            part = records[place : place + BATCH_ROWS]
            try:
                checked += self._many.validate_python(part)
            except ValidationError:
                checked += self._check(part, start + place, log)
        if not records:
            log.add((), NOTHING)
        log.raise_if_any()
        return checked

    def _note(self, record: object, location: tuple[int | str, ...], log: FaultLog) -> None:
        """Note what is wrong with a record, of which the fields that are no features are looked at first."""
        if not isinstance(record, dict):
            log.add(location, f"must be a record with the fields {listed(list(self.features))}")
            return
        if self.unknown_fields == "refuse":
            for name in record:
                if name not in self.features:
                    log.add_unknown(location, str(name), self._unknown)
        known = {name: value for name, value in record.items() if name in self.features}
        try:
            self._one.validate_python(known)
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_input=False, include_context=False):
                name = str(fault["loc"][-1])
                say = self._missing if name not in known else self._null if known[name] is None else self._wrong
                log.add((*location, name), *say[name])

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


def most_of(features: Sequence[Feature]) -> Most:
    """Say what a record of these features may hold: six bytes can be a single character."""
    size = sum(6 * (len(feature.name) + (feature.max_length or 0)) for feature in features)
    return Most(max(2 * size, Most().size), max(2 * len(features), Most().values))


def is_one(body: bytes) -> bool:
    """Tell whether the JSON is one record, and not a list."""
    return body.removeprefix(BOM_UTF8).lstrip(b" \t\r\n")[:1] == b"{"


def is_list(body: bytes) -> bool:
    """Tell whether the JSON begins as a list does."""
    return body.lstrip(b" \t\r\n")[:1] == b"["


def _known(known: dict[Any, Any], value: float) -> float:
    if value not in known:
        raise ValueError
    return value
