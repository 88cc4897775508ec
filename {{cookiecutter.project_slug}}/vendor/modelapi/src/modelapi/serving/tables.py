"""What a kind of table is read and answered with, batch by batch."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

from modelapi.engines import Prediction
from modelapi.records.columns import Columns
from modelapi.serving.options import Options
from modelapi.serving.service import ServedModel
from modelapi.shapley import Explanation

Explained = list[Explanation] | None


class Table(ABC):
    """A table, in and out."""

    batches: Iterable[Any]
    """Of rows, whose type is its own affair. Raises RecordsError."""
    parse: Callable[[Any, int], Columns]
    """Types a batch, whose first row has the number given. Raises RecordsError."""

    @abstractmethod
    def __init__(self, source: Any, model: ServedModel, options: Options) -> None:
        """Read the head of a table, as a rule of a file. Raises RecordsError."""

    @abstractmethod
    def write(self, columns: Columns, prediction: Prediction, explained: Explained = None) -> bytes:
        """Write what is said of a batch."""

    def end(self) -> bytes:
        """Write what is behind all of them."""
        return b""
