"""What POST /predict answers, before it is written."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field, PrivateAttr
from pydantic_core import to_json

from modelapi.records.tables import BATCH_ROWS
from modelapi.serving.answers import JSON, Answer


def _is_none(value: object) -> bool:
    return value is None


class Prediction(BaseModel):
    """An entry for each record, in order; all but `prediction` only if it is asked for."""

    prediction: list[Any]
    probability: list[Any] | None = Field(default=None, exclude_if=_is_none)
    score: list[Any] | None = Field(default=None, exclude_if=_is_none)
    explanation: list[Any] | None = Field(default=None, exclude_if=_is_none)
    warnings: list[Any] | None = Field(default=None, exclude_if=_is_none)

    @property
    def is_large(self) -> bool:
        """Tell whether to write it takes milliseconds."""
        return len(self.prediction) > BATCH_ROWS

    def extend(self, part: "Prediction") -> None:
        """Put the predictions of the records that come next behind these."""
        for name, more in part:
            entries = getattr(self, name)
            if entries is None:
                setattr(self, name, more)
            else:
                entries.extend(more)

    def answer(self) -> Answer:
        """Write it in JSON, where NaN is null."""
        is_cut = self.is_large and type(self) is Prediction
        body = b"".join(self._parts()) if is_cut else to_json(self, inf_nan_mode="null")
        return Answer(body, JSON, is_data=True)

    def _parts(self) -> Iterator[bytes]:
        """Write some entries at a time, for meanwhile no other thread runs."""
        behind = b"{"
        for name, entries in self:
            if entries is None:
                continue
            yield b'%b"%b":[' % (behind, name.encode())
            for start in range(0, len(entries), BATCH_ROWS):
                yield b"," * (start > 0) + to_json(entries[start : start + BATCH_ROWS], inf_nan_mode="null")[1:-1]
            behind = b"],"
        yield b"]}"


class TablePrediction(Prediction):
    """The predictions for a table, which may be too long for memory and are written already."""

    _answer: Answer = PrivateAttr()

    def __init__(self, answer: Answer) -> None:
        super().__init__(prediction=[])
        self._answer = answer

    def answer(self) -> Answer:
        """Return what was written."""
        return self._answer
