"""The baseline of a model: how often values of each feature and each answer came in training, by bins.

It is stored as baseline.json. While the model is served its inputs and answers are counted in the same bins
(modelapi.bins), and the two are compared (modelapi.serving.watching). No bin names a value that clients may not see.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from modelapi.signature import Label

BELOW, ABOVE, WITHIN = "(below)", "(above)", "(within)"
OTHER, UNKNOWN, MISSING = "(other)", "(unknown)", "(missing)"


class Bins(BaseModel):
    """The bins of a feature or an answer, and how often each was met in training.

    Of numbers, dates (µs since 1970) and lengths of texts there are `edges`: a bin begins at one and ends before the
    next, and the first has none to begin at. Of all else there are `labels`, each a bin of its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: list[str]
    counts: list[int] = []
    edges: list[float] | None = None
    labels: list[Label] | None = None

    def of(self, *names: str) -> list[int]:
        """List the places of the bins of these names."""
        return [place for place, name in enumerate(self.names) if name in names]


class Baseline(BaseModel):
    """What was met in the rows of training, or in a sample of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_samples: int
    features: dict[str, Bins]
    targets: dict[str, Bins]
