"""Records as JSON: parsed and validated in one pass, answered as columns."""

import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic_core import CoreSchema, SchemaValidator, ValidationError, core_schema, from_json

from model.columns import Columns, columns_of, read_date
from model.faults import Fault, InvalidRecords, MalformedRecords, Policy, TooManyRecords, allowed, missing, unknown
from model.signature import SAFE_INTEGER, Feature, Signature

MAX_FAULTS = 1_000  # Three bytes of a request can be three faults: the answer must not explode.


class RecordParser:
    """Turn JSON into columns, typed by the signature."""

    def __init__(
        self,
        signature: Signature,
        *,
        max_rows: int | None = None,
        unknown_categories: Policy = "refuse",
        unknown_fields: Policy = "refuse",
    ) -> None:
        self.features = {feature.name: feature for feature in signature.features}
        self.unknown_categories = unknown_categories
        self.unknown_fields = unknown_fields
        self._max_rows = max_rows
        record = self._record_schema()
        self._one = SchemaValidator(record)
        self._many = SchemaValidator(core_schema.list_schema(record, min_length=1, max_length=max_rows))

    def parse_json(self, body: bytes) -> Columns:
        """Read one record `{…}` or a list of records `[{…}, …]`. Raises RecordsError."""
        try:
            records = self._validate(self._one, body, one=True) if is_one(body) else self._validate(self._many, body)
        except ValidationError as error:
            raise self._explain(error) from None
        return columns_of(records, self.features.values())

    def parse_lines(self, lines: Sequence[bytes], start: int = 0) -> Columns:
        """Read one record `{…}` a line, the first of which is row `start`. Raises RecordsError with the row."""
        records: list[dict[str, Any]] = []
        faults: list[Fault] = []
        for row, line in enumerate(lines, start):
            try:
                records += self._validate(self._one, line, one=True)
            except ValidationError as error:
                faults += self._faults(error, (row,))
            except MalformedRecords:
                raise MalformedRecords(f"row {row + 1} is not valid JSON") from None
        if faults:
            raise InvalidRecords(faults)
        return columns_of(records, self.features.values())

    def parse_values(self, records: Sequence[dict[str, Any]], start: int = 0) -> Columns:
        """Check records of Python values, the first of which is row `start`. Raises InvalidRecords."""
        try:
            return columns_of(self._many.validate_python(records), self.features.values())
        except ValidationError as error:
            faults = self._faults(error)
        raise InvalidRecords([Fault((start + int(row), *rest), detail) for (row, *rest), detail in faults])

    def _validate(self, validator: SchemaValidator, text: bytes, one: bool = False) -> list[dict[str, Any]]:
        """Validate JSON. Raises ValidationError, or MalformedRecords if it is none."""
        if self.unknown_fields == "ignore":
            _refuse_nan(text)  # Validation does not look into the fields it ignores.
        try:
            valid = validator.validate_json(text)
        except ValidationError as error:
            _refuse_nan(text)
            if error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
                raise MalformedRecords(_malformed(str(error))) from None
            raise
        return [valid] if one else valid

    def _record_schema(self) -> CoreSchema:
        fields = {
            feature.name: core_schema.typed_dict_field(self._value_schema(feature), required=not feature.nullable)
            for feature in self.features.values()
        }
        behavior: Literal["forbid", "ignore"] = "forbid" if self.unknown_fields == "refuse" else "ignore"
        return core_schema.typed_dict_schema(fields, extra_behavior=behavior)

    def _value_schema(self, feature: Feature) -> CoreSchema:
        schema: CoreSchema
        closed = feature.refuses_unknown(self.unknown_categories)
        if feature.type in ("number", "integer"):
            # A float schema, for 3.0 is an integer in JSON and a strict int schema refuses it.
            whole: dict[str, Any] = {"multiple_of": 1, "ge": -SAFE_INTEGER, "le": SAFE_INTEGER}
            schema = core_schema.float_schema(
                strict=True, allow_inf_nan=False, **(whole if feature.type == "integer" else {})
            )
            if closed:
                known = {category: category for category in feature.categories or []}
                schema = core_schema.no_info_after_validator_function(lambda value: _known(known, value), schema)
        elif feature.type == "boolean":
            schema = core_schema.bool_schema(strict=True)
        elif feature.type == "datetime":
            schema = core_schema.no_info_after_validator_function(read_date, core_schema.str_schema(strict=True))
        elif closed:
            schema = core_schema.literal_schema(list(feature.categories or []))
        else:
            schema = core_schema.str_schema(strict=True)
        return core_schema.nullable_schema(schema) if feature.nullable else schema

    def _explain(self, error: ValidationError) -> TooManyRecords | InvalidRecords:
        if error.errors(include_url=False, include_input=False)[0]["type"] == "too_long":
            return TooManyRecords(f"a request may hold at most {self._max_rows} records: send fewer at a time")
        return InvalidRecords(self._faults(error, limit=MAX_FAULTS), error.error_count())

    def _faults(
        self, error: ValidationError, prefix: tuple[int | str, ...] = (), limit: int | None = None
    ) -> list[Fault]:
        faults = error.errors(include_url=False, include_input=False, include_context=False)[:limit]
        return [self._fault(fault["type"], (*prefix, *fault["loc"])) for fault in faults]

    def _fault(self, kind: str, location: tuple[int | str, ...]) -> Fault:
        if kind in ("list_type", "too_short"):
            return Fault((), "must be a record or a list of at least one record")
        if kind == "dict_type":
            return Fault(location, f"must be a record with the fields {', '.join(self.features)}")
        if kind == "extra_forbidden":
            return Fault(location, unknown(list(self.features)))
        say = missing if kind == "missing" else allowed
        return Fault(location, say(self.features[str(location[-1])], self.unknown_categories))


def is_one(body: bytes) -> bool:
    """Tell whether the JSON is one record, and not a list."""
    return body.lstrip(b" \t\r\n")[:1] == b"{"


def _known(known: dict[Any, Any], value: float) -> float:
    if value not in known:
        raise ValueError
    return value


def _refuse_nan(body: bytes) -> None:
    """Raise MalformedRecords for the literals NaN and Infinity, which are not JSON."""
    try:
        from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedRecords(_malformed(str(error))) from None


def _malformed(message: str) -> str:
    """Keep the place of a parser's message, for the message itself can quote the body."""
    place = re.search(r"at line \d+ column \d+", message)
    return f"the body is not valid JSON{' ' + place.group() if place else ''}"
