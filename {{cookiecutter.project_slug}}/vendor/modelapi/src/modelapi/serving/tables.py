"""What a kind of table is read and answered with, batch by batch."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from modelapi.engines import Prediction
from modelapi.records.columns import Columns
from modelapi.serving.options import Options
from modelapi.serving.service import ServedModel
from modelapi.shapley import Explanation

Explained = list[Explanation] | None


class Reader(ABC):
    """Reads a table."""

    batches: Iterable[Any]
    """Of rows, whose type is its own affair. Raises RecordsError."""
    parse: Callable[[Any, int], Columns]
    """Types a batch, whose first row has the number given. Raises RecordsError."""

    @abstractmethod
    def __init__(self, source: Any, model: ServedModel) -> None:
        """Read the head of a table, as a rule of a file. Raises RecordsError."""


class Writer(ABC):
    """Writes the answer to a table."""

    @abstractmethod
    def __init__(self, model: ServedModel, options: Options) -> None:
        """Take what is predicted."""

    @abstractmethod
    def write(self, columns: Columns, prediction: Prediction, explained: Explained = None) -> bytes:
        """Write what is said of a batch."""

    def end(self) -> bytes:
        """Write what is behind all of them."""
        return b""


class Kind(NamedTuple):
    """What tables of a media type are read and answered with."""

    reader: type[Reader]
    writer: type[Writer]
