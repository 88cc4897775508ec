"""What POST /predict answers, before it is written."""

from typing import Any

from pydantic import BaseModel, Field, PrivateAttr
from pydantic_core import to_json

from modelapi.serving.answers import JSON, Answer


def _is_none(value: object) -> bool:
    return value is None


class Prediction(BaseModel):
    """An entry for each record, in order; `probability`, `score` and `warnings` only if they are asked for."""

    prediction: list[Any]
    probability: list[Any] | None = Field(default=None, exclude_if=_is_none)
    score: list[Any] | None = Field(default=None, exclude_if=_is_none)
    warnings: list[Any] | None = Field(default=None, exclude_if=_is_none)

    def answer(self) -> Answer:
        """Write it in JSON, where NaN is null."""
        return Answer(to_json(self, inf_nan_mode="null"), JSON, is_data=True)


class TablePrediction(Prediction):
    """The predictions for a table, which may be too long for memory and are written already."""

    _answer: Answer = PrivateAttr()

    def __init__(self, answer: Answer) -> None:
        super().__init__(prediction=[])
        self._answer = answer

    def answer(self) -> Answer:
        """Return what was written."""
        return self._answer
