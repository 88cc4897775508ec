"""Records from clients: parsed and validated in one pass, answered as columns.

RecordsError
├── MalformedRecords    the bytes are no JSON
├── InvalidRecords      JSON, but not what the signature asks for; `errors` holds every fault
└── TooManyRecords      more records than allowed
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic_core import CoreSchema, SchemaValidator, ValidationError, core_schema, from_json

from model.signature import SAFE_INTEGER, Feature, Signature

Columns = dict[str, np.ndarray[Any, Any]]
Policy = Literal["refuse", "ignore"]

# Cells of a table that mean "not known", in training as in scoring.
MISSING = frozenset(["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A"])
MAX_ERRORS = 1_000  # Three bytes of a request can be three faults: the answer must not explode.
MAX_LISTED = 20


class RecordsError(ValueError):
    """Records that cannot be predicted, and it is the client who has to change them."""


class MalformedRecords(RecordsError):
    """The body is no JSON document."""


class TooManyRecords(RecordsError):
    """The body holds more records than one request may."""


class RecordError(NamedTuple):
    """Where a fault is, as a JSON pointer, and what is allowed there."""

    pointer: str
    detail: str


class InvalidRecords(RecordsError):
    """The records do not fit the signature."""

    def __init__(self, errors: Sequence[RecordError], count: int) -> None:
        super().__init__(f"the records do not fit the model in {count} place{'s' * (count > 1)}: see errors")
        self.errors = errors
        self.count = count


class RecordParser:
    """Turn JSON bytes or rows of text into columns, typed by the signature."""

    def __init__(
        self,
        signature: Signature,
        *,
        max_rows: int,
        unknown_categories: Policy = "refuse",
        unknown_fields: Policy = "refuse",
    ) -> None:
        self._features = {feature.name: feature for feature in signature.features}
        self._max_rows = max_rows
        self._refuse_categories = unknown_categories == "refuse"
        self._refuse_fields = unknown_fields == "refuse"
        record = self._record_schema()
        self._one = SchemaValidator(record)
        self._many = SchemaValidator(core_schema.list_schema(record, min_length=1, max_length=max_rows))

    def parse_json(self, body: bytes) -> Columns:
        """Read one record `{…}` or a list of records `[{…}, …]`.

        Answers one array of shape (n_records,) per feature: float64 with NaN where a number is
        missing, else object with None. Raises RecordsError.
        """
        if not self._refuse_fields:
            _refuse_nan(body)  # Validation does not look into the fields it ignores.
        try:
            if body.lstrip(b" \t\r\n")[:1] == b"{":
                return self._columns([self._one.validate_json(body)])
            return self._columns(self._many.validate_json(body))
        except ValidationError as error:
            _refuse_nan(body)
            raise self._explain(error) from None

    def parse_text(self, rows: Sequence[Mapping[str, str]]) -> Columns:
        """Read rows of text, as a CSV file holds them; a cell of MISSING is a missing value.

        Raises InvalidRecords, with pointers of the form `/row/column`.
        """
        records = [{name: self._value(name, text) for name, text in row.items() if text not in MISSING} for row in rows]
        try:
            return self._columns(self._many.validate_python(records))
        except ValidationError as error:
            raise self._explain(error) from None

    def _record_schema(self) -> CoreSchema:
        fields = {
            feature.name: core_schema.typed_dict_field(self._value_schema(feature), required=not feature.nullable)
            for feature in self._features.values()
        }
        behavior: Literal["forbid", "ignore"] = "forbid" if self._refuse_fields else "ignore"
        return core_schema.typed_dict_schema(fields, extra_behavior=behavior)

    def _value_schema(self, feature: Feature) -> CoreSchema:
        schema: CoreSchema
        if feature.type == "number":
            schema = core_schema.float_schema(strict=True, allow_inf_nan=False)
        elif feature.type == "integer":
            # A float schema, for 3.0 is an integer in JSON and a strict int schema refuses it.
            schema = core_schema.float_schema(
                strict=True, allow_inf_nan=False, multiple_of=1, ge=-SAFE_INTEGER, le=SAFE_INTEGER
            )
        elif feature.type == "boolean":
            schema = core_schema.bool_schema(strict=True)
        elif feature.categories and self._refuse_categories:
            schema = core_schema.literal_schema(list(feature.categories))
        else:
            schema = core_schema.str_schema(strict=True)
        return core_schema.nullable_schema(schema) if feature.nullable else schema

    def _columns(self, records: list[dict[str, Any]]) -> Columns:
        return {
            name: np.array(
                [record.get(name) for record in records],
                dtype=np.float64 if feature.type in ("number", "integer") else object,
            )
            for name, feature in self._features.items()
        }

    def _value(self, name: str, text: str) -> object:
        feature = self._features.get(name)
        if feature is None or feature.type == "string":
            return text
        if feature.type == "boolean":
            return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
        try:
            return text if "_" in text else float(text)  # Python reads 1_000 as a number, a CSV file does not.
        except ValueError:
            return text

    def _explain(self, error: ValidationError) -> RecordsError:
        faults = error.errors(include_url=False, include_input=False)
        kind = faults[0]["type"]
        if kind == "json_invalid":
            return MalformedRecords(_malformed(faults[0]["msg"]))
        if kind == "too_long":
            return TooManyRecords(f"a request may hold at most {self._max_rows} records: send fewer at a time")
        errors = [self._record_error(fault["type"], fault["loc"]) for fault in faults[:MAX_ERRORS]]
        return InvalidRecords(errors, len(faults))

    def _record_error(self, kind: str, location: tuple[int | str, ...]) -> RecordError:
        if kind in ("list_type", "too_short"):
            return RecordError("", "must be a record or a list of at least one record")
        if kind == "dict_type":
            return RecordError(_pointer(location), f"must be a record with the fields {', '.join(self._features)}")
        if kind == "extra_forbidden":
            known = f"is not a feature of this model, which are: {', '.join(self._features)}"
            return RecordError(_pointer(location), known)
        feature = self._features[str(location[-1])]
        prefix = "is missing: it " if kind == "missing" else ""
        return RecordError(_pointer(location), prefix + self._allowed(feature))

    def _allowed(self, feature: Feature) -> str:
        """Say what a value of the feature must be, in the words of an error message."""
        categories = feature.categories or []
        if feature.type == "string" and categories and self._refuse_categories:
            listed = ", ".join(categories[:MAX_LISTED])
            more = f" and {len(categories) - MAX_LISTED} more that GET /model lists" * (len(categories) > MAX_LISTED)
            return f"must be one of: {listed}{more}"
        return {
            "number": "must be a finite number",
            "integer": f"must be a whole number of at most {SAFE_INTEGER} in size",
            "boolean": "must be true or false",
            "string": "must be a string",
        }[feature.type] + (" or null" if feature.nullable else "")


def _refuse_nan(body: bytes) -> None:
    """Raise MalformedRecords for the literals NaN and Infinity, which are not JSON."""
    try:
        from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedRecords(_malformed(str(error))) from None


def _malformed(message: str) -> str:
    """Keep the place of a parser's message, for the message itself can quote the body."""
    place = re.search(r"at line \d+ column \d+$", message)
    return f"the body is not valid JSON{' ' + place.group() if place else ''}"


def _pointer(location: Sequence[int | str]) -> str:
    """Write a location as a JSON pointer (RFC 6901); a name of over 100 characters is left out."""
    names = (str(part).replace("~", "~0").replace("/", "~1") for part in location if len(str(part)) <= 100)
    return "".join(f"/{name}" for name in names)
