"""What a served model is asked and what it answers, counted in the bins of its baseline; no row is kept."""

from collections.abc import Iterable
from itertools import accumulate
from threading import Lock

from pydantic import BaseModel

from modelapi.bins import sorter
from modelapi.engines import Prediction
from modelapi.package.baseline import Baseline, Bins
from modelapi.records.columns import Columns
from modelapi.records.faults import Fault
from modelapi.serving import tallies
from modelapi.signature import Signature

RECENT = 1_000  # Rows of all workers that drift is measured on, at least; up to twice as many.
KEPT = 2  # Versions of a model with counts: the last ones of the version before are still to be read.

_lock = Lock()


class Watched(BaseModel):
    """A version of a model that is watched, as workers tell each other."""

    model: str
    version: str
    baseline: Baseline

    @property
    def name(self) -> str:
        """Of its counts."""
        return f"watch-{self.model}-{self.version}"

    @property
    def bins(self) -> list[Bins]:
        """Those of all features, then those of all targets."""
        return [*self.baseline.features.values(), *self.baseline.targets.values()]

    @property
    def starts(self) -> list[int]:
        """The place of the first count of each of them, then the number of all counts; the first count is of rows."""
        return list(accumulate((len(bins.names) for bins in self.bins), initial=1))

    @property
    def size(self) -> int:
        """Of all that a worker counts: see Watch."""
        return 3 * self.starts[-1] + len(self.baseline.features)


class Watch:
    """Counts the values of one version of a model.

    The counts stand there three times: as they are, and as they were one and two blocks of rows ago. Behind them is how
    many values of each feature were refused.
    """

    def __init__(self, model: str, version: str, baseline: Baseline, signature: Signature, n_workers: int) -> None:
        """Tell all workers what is counted, and forget the counts of older versions of this model."""
        watched = Watched(model=model, version=version, baseline=baseline)
        features = [feature for feature in signature.features if feature.name in baseline.features]
        sorters = [sorter(baseline.features[feature.name], feature) for feature in features]
        sorters += [sorter(bins) for bins in baseline.targets.values()]
        *starts, self._size = watched.starts
        how = list(zip([one.count for one in sorters], starts, strict=True))
        self._features = [(feature.name, *one) for feature, one in zip(features, how, strict=False)]
        self._targets = how[len(features) :]
        self._refused: dict[int | str, int] = {
            name: place for place, name in enumerate(baseline.features, 3 * self._size)
        }
        self._name, self._whole = watched.name, watched.size
        self._block = max(1, RECENT // n_workers)
        tallies.describe(watched.name, watched.model_dump_json())
        for old in [one for one in read() if one.model == model][:-KEPT]:
            tallies.forget(old.name)

    def count(self, columns: Columns, prediction: Prediction) -> None:
        """Count the rows of columns, and what the model says of them."""
        size = self._size
        counts = tallies.counts(self._name, self._whole)
        with _lock:
            for name, count, start in self._features:
                count(columns[name], counts, start)
            for values, (count, start) in zip(prediction.labels, self._targets, strict=False):
                count(values, counts, start)
            counts[0] += len(prediction.labels[0])
            if counts[0] - counts[size] >= self._block:
                counts[2 * size : 3 * size] = counts[size : 2 * size]
                counts[size : 2 * size] = counts[:size]

    def count_refused(self, faults: Iterable[Fault]) -> None:
        """Count the values of features that these faults are about, one for each record."""
        found = {fault.location for fault in faults}
        counts = tallies.counts(self._name, self._whole)
        with _lock:
            for *_, name in filter(None, found):
                if name in self._refused:  # Other names are the client's.
                    counts[self._refused[name]] += 1


def read() -> list[Watched]:
    """List what is watched; what is served since last is last."""
    return [Watched.model_validate_json(text) for text in tallies.described().values()]
