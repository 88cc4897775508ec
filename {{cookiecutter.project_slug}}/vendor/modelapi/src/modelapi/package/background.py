"""The background of explanations: rows of columns that were summarised each for itself, so that none is anybody's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from modelapi.signature import Feature, Label

if TYPE_CHECKING:  # The process that only checks a package needs no arrays.
    from modelapi.records.columns import Columns

MAX_ROWS = 100


class Background(BaseModel):
    """Values of each feature as JSON has them, None where they are missing: so many of each, up to MAX_ROWS."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, list[Label | None]]

    def read(self, features: Sequence[Feature]) -> Columns:
        """Make the columns of it that an engine takes. Raises ValueError if they are not those of these features."""
        from modelapi.records.columns import column

        lengths = {len(values) for values in self.columns.values()}
        if [*self.columns] != [one.name for one in features] or len(lengths) != 1 or not 0 < max(lengths) <= MAX_ROWS:
            raise ValueError
        try:
            return {one.name: column(one, self.columns[one.name]) for one in features}
        except TypeError:
            raise ValueError from None
