"""What a model is asked and answers is counted as in training, exactly, and nothing of it is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pandas as pd
import pytest
from modelapi import package
from modelapi.bins import FEW, psi, sorter
from modelapi.engines import Prediction
from modelapi.package.baseline import Bins
from modelapi.packaging.baselines import make_baseline, of_answers, of_feature
from modelapi.packaging.card.outcomes import Outcome
from modelapi.records.columns import Columns
from modelapi.records.parser import MAX_FAULTS
from modelapi.serving import tallies
from modelapi.serving.shared import FOLDER
from modelapi.serving.watch_metrics import Watches
from modelapi.serving.watching import Watch, Watched
from modelapi.signature import Feature, Signature, Target
from modelapi.training.features import infer, read_features, to_columns
from sklearn.pipeline import Pipeline

from tests.library.packages import forge, save
from tests.library.web import MakeClient, Record, served

CANARY = "canary-4711"
CANARY_NUMBER = 8_046_173_925.5  # Long: no time or count in a metric holds these digits by chance.
WORK = """
import sys
from pathlib import Path
import numpy as np
from modelapi.package.baseline import Baseline
from modelapi.engines import Prediction
from modelapi.package import read_signature
from modelapi.records.columns import columns_of
from modelapi.serving.watching import Watch
folder = Path(sys.argv[1])
signature, content = read_signature(folder), (folder / "baseline.json").read_bytes()
watch = Watch("", folder.name, Baseline.model_validate_json(content), signature, 2)
columns = columns_of([signature.example()], signature.features)
for _ in range(int(sys.argv[2])):
    watch.count(columns, Prediction([np.array(["cat"])]))
print(flush=True)
sys.stdin.read()
"""


@pytest.fixture
def table() -> pd.DataFrame:
    """700 rows with a column of each type, and gaps."""
    random = np.random.default_rng(7)
    rows = pd.DataFrame(
        {
            "price": random.lognormal(3, 1, 700),
            "rooms": random.integers(1, 6, 700),
            "sold": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 900, 700), unit="D"),
            "garden": random.random(700) < 0.3,
            "town": random.choice(["Bern", "Basel", "(missing)", "Genf"], 700, p=[0.5, 0.3, 0.197, 0.003]),
            "text": ["word " * n for n in random.integers(1, 40, 700)],
        }
    )
    rows.loc[::9, "price"] = np.nan
    rows.loc[::7, "sold"] = pd.NaT
    return rows


@pytest.fixture
def features(table: pd.DataFrame) -> dict[str, Feature]:
    found = read_features(table, texts=["text"])
    return {feature.name: feature for feature in found}


@pytest.fixture
def columns(table: pd.DataFrame, features: dict[str, Feature]) -> Columns:
    return to_columns(table, list(features.values()))


def counted(bins: Bins, values: Any, feature: Feature | None, size: int) -> list[int]:
    counts = [0] * len(bins.names)
    for start in range(0, len(values), size):
        sorter(bins, feature).count(values[start : start + size], counts, 0)
    return counts


def test_few_rows_are_counted_as_many_are(features: dict[str, Feature], columns: Columns) -> None:
    for name, feature in features.items():
        bins = of_feature(feature, columns[name])

        assert sum(bins.counts) == 700
        assert bins.counts == counted(bins, columns[name], feature, 700) == counted(bins, columns[name], feature, FEW)
        for gap in bins.of("(missing)")[-1:]:
            assert bins.counts[gap] == pd.isna(columns[name]).sum()


def test_bins_of_numbers_and_dates_hold_about_as_many_rows_each(features: dict[str, Feature], columns: Columns) -> None:
    for name in ("price", "sold", "text"):
        bins = of_feature(features[name], columns[name])

        inside = [count for label, count in zip(bins.names, bins.counts, strict=True) if not label.startswith("(")]
        assert len(inside) == 10
        assert min(inside) > 30
    assert of_feature(features["rooms"], columns["rooms"]).names[1:-2] == [*"12345"]
    assert of_feature(features["sold"], columns["sold"]).names[2].startswith("2020-01-01 to 2020-")


def test_what_is_outside_unknown_or_missing_has_bins_of_its_own(features: dict[str, Feature], columns: Columns) -> None:
    sent: dict[str, tuple[Any, list[str]]] = {
        "price": (np.array([-1e9, 1e9, np.nan]), ["(below)", "(above)", "(missing)"]),
        "sold": (
            np.array(["1900-01-01", "2100-01-01", "NaT"], dtype="datetime64[us]"),
            ["(below)", "(above)", "(missing)"],
        ),
        "town": (np.array([CANARY, "Genf", None], dtype=object), ["(unknown)", "(other)", "(missing)"]),
        "garden": (np.array([True, None], dtype=object), ["true", "(missing)"]),
        "text": (np.array(["x" * 10_000, None], dtype=object), ["(missing)"]),
    }
    for name, (values, expected) in sent.items():
        bins = of_feature(features[name], columns[name])

        for size in (1, len(values)):
            repeated = np.tile(values, FEW) if size > 1 else values
            counts = counted(bins, repeated, features[name], len(repeated))
            assert {label for label, count in zip(bins.names, counts, strict=True) if count} >= set(expected)


def test_bins_of_what_is_not_listed_name_no_value(features: dict[str, Feature], columns: Columns) -> None:
    for name, names in {
        "price": ["(below)", "(within)", "(above)", "(missing)"],
        "sold": ["(missing)", "(below)", "(within)", "(above)"],
        "town": ["(other)", "(unknown)", "(missing)"],
    }.items():
        hidden = features[name].model_copy(update={"listed": False})

        bins = of_feature(hidden, columns[name])

        assert bins.names == names
        assert not bins.labels
        assert sum(bins.counts) == 700


def test_answers_have_a_bin_for_each_class_or_tenth() -> None:
    labels = Target(name="y", type="string", classes=["a", "b"])

    classes = of_answers(Outcome(labels, np.array([0] * 40 + [1] * 3)))
    numbers = of_answers(Outcome(Target(name="y", type="number"), np.arange(300.0)))

    assert (classes.names, classes.counts) == (["a", "(other)"], [40, 3])
    assert numbers.counts == [30] * 10 + [0]
    assert numbers.names[:2] == ["below 30", "30 to 60"]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count in memory, and nothing of other tests."""
    monkeypatch.delenv(FOLDER, raising=False)
    monkeypatch.setattr(tallies, "_own", {})
    monkeypatch.setattr(tallies, "_described", {})


def read(name: str, **labels: str) -> float:
    """Add up the samples of these labels."""
    samples = [sample for family in Watches().collect() for sample in family.samples if sample.name == name]
    found = [sample.value for sample in samples if labels.items() <= sample.labels.items()]
    return sum(found) if found else float("nan")


class Constant:
    """Says 1 whatever it is asked."""

    def predict(self, columns: Columns, wanted: object = None) -> Prediction:
        return Prediction([np.ones(len(next(iter(columns.values()))))])


def drifts() -> dict[str, float]:
    samples = [sample for family in Watches().collect() for sample in family.samples]
    return {sample.labels["feature"]: sample.value for sample in samples if sample.name == "model_feature_psi"}


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_shift_is_seen_within_2000_rows_and_none_in_100000_rows_like_those_of_training(
    features: dict[str, Feature], columns: Columns, n_workers: int
) -> None:
    target = Target(name="y", type="number")
    signature = Signature(
        features=list(features.values()), target=target, task="regression", probabilities=False, n_samples=700
    )
    engine = Constant()
    watch = Watch("", "1", make_baseline(columns, signature, [Outcome(target, np.ones(700))]), signature, n_workers)
    random = np.random.default_rng(8)

    def send(rows: int, **changes: Any) -> None:
        chosen = random.integers(0, 700, rows)
        sent = {name: values[chosen] for name, values in columns.items()} | changes
        watch.count(sent, engine.predict(sent))

    send(400)
    assert drifts() == {}
    largest = 0.0
    for _ in range(200):
        send(500)
        largest = max(largest, *drifts().values())
    assert largest < 0.1
    send(2_000, price=random.lognormal(3.7, 1, 2_000), town=np.full(2_000, "Basel", dtype=object))

    assert {name for name, drift in drifts().items() if drift > 0.2} == {"price", "town"}
    assert read("model_watched_rows_total") == 102_400
    for name in columns:
        assert read("model_feature_values_total", feature=name) == 102_400


def test_the_index_is_as_its_definition_says() -> None:
    assert psi([500, 500], [500, 500]) == 0
    assert psi([5_000, 5_000], [9_000, 1_000]) == pytest.approx(0.4 * np.log(1.8) - 0.4 * np.log(0.2), rel=1e-3)
    assert psi([500, 0], [0, 500]) < 20


def test_workers_go_on_with_the_counts_of_one_that_was_killed(
    tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    signature = infer(read_features(pets[["fur", "age", "indoor"]]), ["kind"], pipeline, len(pets))
    baseline = make_baseline(
        to_columns(pets, signature.features), signature, [Outcome(signature.target, np.zeros(20, int))]
    )
    folder = save(tmp_path / "artifacts", pets, pipeline, signature=signature, baseline=baseline)
    counts = tmp_path / "counts"
    counts.mkdir()
    monkeypatch.setenv(FOLDER, str(counts))

    def work(times: int) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", WORK, str(folder), str(times)],
            env=dict(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        assert process.stdout.readline() == "\n"  # All is counted.
        return process

    processes = [work(3), work(5)]
    processes[0].kill()
    processes[0].communicate()
    files = {path.name for path in counts.iterdir()}
    processes.append(work(7))

    assert read("model_watched_rows_total") == 15
    assert read("model_feature_values_total", feature="fur") == 15
    assert read("model_predictions_total") == 15
    assert {path.name for path in counts.iterdir()} == files
    for process in processes[1:]:
        process.communicate()


@pytest.mark.usefixtures("alone")
def test_the_counts_of_the_version_before_stay_until_the_next(features: dict[str, Feature], columns: Columns) -> None:
    target = Target(name="y", type="number")
    signature = Signature(
        features=list(features.values()), target=target, task="regression", probabilities=False, n_samples=700
    )
    baseline = make_baseline(columns, signature, [Outcome(target, np.ones(700))])

    for version in ("1", "2", "3"):
        for model in ("", "other"):
            Watch(model, version, baseline, signature, 1).count(columns, Constant().predict(columns))

    assert list(tallies.described()) == ["watch--2", "watch-other-2", "watch--3", "watch-other-3"]
    assert read("model_watched_rows_total") == 4 * 700
    assert read("model_watched_rows_total", version="2", model="other") == 700


def test_a_package_from_before_there_were_baselines_is_served_and_not_watched(
    tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline
) -> None:
    assert package.load(save(tmp_path / "artifacts", pets, pipeline)).baseline is None


def test_a_baseline_that_is_none_is_refused(tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline) -> None:
    folder = forge(save(tmp_path / "artifacts", pets, pipeline), {"baseline.json": b"{}"})

    with pytest.raises(package.PackageError, match=r"baseline\.json is not one that this version reads"):
        package.load(folder)


@pytest.mark.usefixtures("alone")
def test_each_row_is_counted_once_and_no_value_of_a_client_is_seen(
    make: MakeClient, record: Record, capfd: pytest.CaptureFixture[str]
) -> None:
    client = make(unknown_categories="ignore", log_level="debug")
    odd = record | {"Sex": CANARY, "Age": CANARY_NUMBER}

    client.post("/predict", json=[record, odd])
    client.post("/predict", json=[record] * 600)
    client.post("/predict", content=f"Sex,Age\n{CANARY},{CANARY_NUMBER}\n", headers={"Content-Type": "text/csv"})
    client.post("/predict", json=[odd | {"Age": CANARY}])

    text = client.get("/metrics").text
    assert read("model_watched_rows_total") == 603
    for name in ("Age", "Sex", "Embarked"):
        assert read("model_feature_values_total", feature=name) == 603
    assert read("model_feature_out_of_range_total", feature="Age") == 2
    assert read("model_feature_unknown_total", feature="Sex") == 2
    assert read("model_feature_missing_total", feature="Embarked") == 1
    assert read("model_predictions_total") == 603
    assert 'model_feature_psi{feature="Sex"' in text
    output = capfd.readouterr()
    for sent in (CANARY, "8046173925", "8.046173925"):
        assert sent not in text + output.out + output.err


@pytest.mark.usefixtures("alone")
def test_what_is_answered_is_counted_as_the_model_says_it_and_only_if_it_is_answered(
    make: MakeClient, record: Record
) -> None:
    def adjust(prediction: Prediction, _signature: Signature) -> Prediction:
        return prediction.replace([np.full_like(prediction.labels[0], 7)])

    def fail(prediction: Prediction, _signature: Signature) -> Prediction:
        raise RuntimeError

    assert make(adjust=adjust).post("/predict", json=record).json() == {"prediction": [7]}
    assert make(adjust=fail).post("/predict", json=record).status_code == 500

    assert read("model_predictions_total") == 1
    assert read("model_predictions_total", bin="(other)") != 1


@pytest.mark.usefixtures("alone")
def test_it_can_be_switched_off(make: MakeClient, record: Record) -> None:
    client = make(watch_inputs=False)

    assert client.post("/predict", json=record).status_code == 200
    assert "model_feature" not in client.get("/metrics").text
    assert served().package.baseline


def test_the_baseline_of_a_trained_model_is_that_of_all_its_rows(client: httpx2.Client) -> None:
    baseline = served().package.baseline
    assert baseline

    watched = Watched(model="", version="1", baseline=baseline)

    assert baseline.n_samples == served().signature.n_samples
    assert {sum(bins.counts) for bins in watched.bins} == {baseline.n_samples}
    assert watched.starts[-1] == 1 + sum(len(bins.names) for bins in watched.bins)


@pytest.mark.usefixtures("alone")
def test_what_is_refused_is_counted_by_its_feature_once_a_record(make: MakeClient, record: Record) -> None:
    client = make()
    strange = record | {"Sex": CANARY}
    table = {"Content-Type": "text/csv"}

    client.post("/predict", json=strange)
    client.post("/predict", json=[record, strange, strange | {"Age": CANARY}, record | {CANARY: 1}, 7])
    client.post("/predict", json=[strange] * 2_000)  # Of these only the first faults are written out.
    client.post("/predict", content=f"Sex,Age\nmale,4\n{CANARY},4\n", headers=table)
    client.post("/predict", content=json.dumps(strange), headers={"Content-Type": "application/x-ndjson"})
    client.post("/predict", json=record)

    assert read("model_feature_refused_total", feature="Sex") == 5 + MAX_FAULTS
    assert read("model_feature_refused_total", feature="Age") == 1
    assert read("model_feature_refused_total", feature="Embarked") == 0
    assert read("model_feature_refused_total") == 6 + MAX_FAULTS
    assert read("model_watched_rows_total") == 1
    assert CANARY not in client.get("/metrics").text
