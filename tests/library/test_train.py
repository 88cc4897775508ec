"""Training on a table: which columns, which task, how good; then the package answers as the pipeline does."""

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelapi import package
from modelapi import train as training
from modelapi.engines.frames import to_frame
from modelapi.package import Package
from modelapi.packaging.engine_choice import package_model
from modelapi.records.cells import CellParser
from modelapi.scoring import score
from modelapi.signature import Feature
from modelapi.training.dialect import TableError
from modelapi.training.targets import with_targets
from sklearn import datasets
from steps.train import ESTIMATORS, build_pipeline
from threadpoolctl import threadpool_limits

Train = Callable[..., Package]


def train(arguments: list[str]) -> None:
    """Do what `modelapi train` does with the skeleton's pipeline."""
    training.train(build_pipeline, estimators=ESTIMATORS, arguments=arguments)


@pytest.fixture(autouse=True)
def artifacts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "artifacts"))
    return tmp_path / "artifacts"


@pytest.fixture
def fit(artifacts: Path, tmp_path: Path) -> Train:
    """Write a table, train on it and load the package: fit(table, "target", features="a,b")."""

    def fit_table(table: pd.DataFrame, target: str, **options: str) -> Package:
        table.to_csv(tmp_path / "table.csv", index=False)
        named = [f"--{name}={value}" for name, value in options.items()]
        train([f"--data={tmp_path / 'table.csv'}", f"--target={target}", *named])
        return package.load(package.current(artifacts))

    return fit_table


@pytest.fixture
def shop() -> pd.DataFrame:
    """A table of each type of column, with gaps, and of what is no feature."""
    random = np.random.default_rng(0)
    count = 120
    spent = random.normal(50, 10, count)
    table = pd.DataFrame(
        {
            "customer": [f"c-{number}" for number in random.permutation(count)],
            "row": range(1, count + 1),
            "spent": spent,
            "visits": pd.array(random.integers(0, 40, count), dtype="Int64"),
            "member": pd.array(random.random(count) > 0.5, dtype="boolean"),
            "flag": random.integers(0, 2, count),
            "answer": random.choice(["yes", "no"], count),
            "city": pd.Series(random.choice(["Łódź", "Ostrava", "Žilina"], count)),
            "since": pd.Timestamp("2026-01-31") + pd.to_timedelta(random.integers(0, 900, count), unit="D"),
            "seen": (pd.Timestamp("2026-01-31") + pd.to_timedelta(random.integers(0, 9_000, count), unit="h")).strftime(
                "%d.%m.%Y %H:%M"
            ),
            "empty": [None] * count,
            "country": ["PL"] * count,
            "amount_eur": spent * 4 + random.normal(0, 9, count),
            "churned": np.where(spent + random.normal(0, 5, count) > 50, "yes", "no"),
        }
    )
    table["churned_code"] = (table["churned"] == "yes").map({True: "C", False: "S"})
    table.loc[::7, ["visits", "member", "city", "since", "seen"]] = pd.NA
    return table


def features_of(model: Package) -> dict[str, Feature]:
    return {feature.name: feature for feature in model.signature.features}


def test_train_packages_a_model_and_prints_its_metrics(
    pets_csv: Path, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(["--data", str(pets_csv), "--target", "kind"])

    model = package.load(package.current(artifacts))
    assert list(features_of(model)) == ["weight", "age", "indoor", "fur"]
    assert model.metrics["folds"] == 5
    assert (model.metrics["accuracy"], model.metrics["accuracy_std"], model.metrics["baseline_accuracy"]) == (1, 0, 0.5)
    out = capsys.readouterr().out
    assert "Task binary: predicts kind (cat, dog)\nfrom weight, age, indoor, fur\n" in out
    assert "balanced accuracy" in out
    assert model.manifest.version in out


def test_train_without_options_follows_pyproject(project: Path, artifacts: Path) -> None:
    train([])

    assert package.verify(package.current(artifacts)).engine


def test_columns_get_the_type_that_they_hold(fit: Train, shop: pd.DataFrame) -> None:
    features = features_of(fit(shop, "churned"))

    assert {name: (one.type, one.dtype, one.nullable) for name, one in features.items()} == {
        "spent": ("number", "float64", False),
        "visits": ("integer", "float64", True),
        "member": ("boolean", "float64", True),
        "flag": ("integer", "int64", False),
        "answer": ("string", "str", False),
        "city": ("string", "str", True),
        "since": ("datetime", "datetime64[us]", True),
        "seen": ("datetime", "datetime64[us]", True),
        "amount_eur": ("number", "float64", False),
    }
    assert features["flag"].categories == [0, 1]
    assert features["answer"].categories == ["no", "yes"]
    assert (features["since"].format, features["seen"].format) == (None, "%d.%m.%Y %H:%M")
    assert features["since"].parts == ["elapsed_days", "year", "month", "day", "weekday"]
    assert (features["seen"].parts or [])[-1] == "hour"


def test_what_is_no_feature_is_left_out_with_a_line(
    fit: Train, shop: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(shop, "churned")

    line = r"^Left out (\w+): (.*) \(name it in FEATURES to keep it\)$"
    said = dict(re.findall(line, capsys.readouterr().out, re.MULTILINE))
    assert said == {
        "customer": "120 of its 120 texts differ, as in a name or an identifier",
        "row": "its 120 different numbers look like an identifier",
        "empty": "it holds no value",
        "country": "it has one value only",
        "churned_code": "each of its values stands for one value of churned, which leaks the answer",
    }


def test_a_column_that_is_named_is_kept(fit: Train, shop: pd.DataFrame) -> None:
    names = ["customer", "row", "country", "churned_code"]

    assert list(features_of(fit(shop, "churned", features=",".join(names)))) == names


def test_a_column_that_is_dropped_is_left_out(fit: Train, shop: pd.DataFrame) -> None:
    model = fit(shop[["spent", "flag", "city", "churned"]], "churned", drop="flag")

    assert list(features_of(model)) == ["spent", "city"]


@pytest.mark.parametrize(
    ("leak", "left_out"),
    [
        (lambda spent: spent * 1.8 + 32, True),
        (lambda spent: spent**2, False),
        (lambda spent: spent.round(), False),
    ],
    ids=["in other units", "squared", "rounded"],
)
def test_a_number_leaks_a_quantity_if_it_is_the_same(
    fit: Train, shop: pd.DataFrame, leak: Callable[..., Any], left_out: bool
) -> None:
    model = fit(shop[["spent", "visits"]].assign(other=leak(shop["spent"])), "spent")

    assert ("other" not in features_of(model)) == left_out


def test_the_gaps_of_a_column_can_leak_the_answer(
    fit: Train, shop: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    left = shop["since"].fillna(shop["since"].min()).where(shop["churned"] == "yes")

    fit(shop[["spent", "churned"]].assign(left=left), "churned")

    assert "Left out left: its gaps give churned, which leaks the answer" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([True, False] * 30, "binary"),
        (["a", "b", "c"] * 20, "multiclass"),
        ([0.0, 1.0] * 30, "binary"),
        ([1, 2, 3, 5, 6, 7] * 10, "multiclass"),
        ([0, 1, 2, 3, 7, 12] * 10, "regression"),
        (list(range(30)) * 2, "regression"),
        ([0.5, 1.0] * 30, "regression"),
        ([0, 1, 2] * 19 + [3, 3, 4], "regression"),
    ],
)
def test_the_task_is_read_off_the_target(fit: Train, values: list[Any], task: str) -> None:
    x = np.random.default_rng(0).normal(size=60)

    model = fit(pd.DataFrame({"x": x, "y": values}), "y")

    assert model.signature.task == task
    if task != "regression":
        assert model.signature.target.classes == sorted({int(value) if value == 1.0 else value for value in values})


def test_the_task_can_be_told(fit: Train, shop: pd.DataFrame) -> None:
    assert fit(shop[["spent", "flag"]], "flag", task="regression").signature.task == "regression"


@pytest.mark.parametrize("estimator", ["linear", "decision-tree"], ids=["wrapped", "natively"])
def test_several_targets_are_predicted_at_once(fit: Train, shop: pd.DataFrame, estimator: str) -> None:
    labels = fit(shop[["spent", "amount_eur", "churned", "answer"]], "churned,answer", estimator=estimator)
    quantities = fit(shop[["spent", "amount_eur", "flag", "visits"]], "spent,visits")

    assert [target.classes for target in labels.signature.targets] == [["no", "yes"], ["no", "yes"]]
    assert (labels.signature.task, labels.signature.probabilities) == ("multi-output", True)
    assert {"accuracy", "log_loss", "roc_auc", "baseline_roc_auc"} <= labels.metrics.keys()
    assert [target.type for target in quantities.signature.targets] == ["number", "number"]
    assert {"r2", "mean_absolute_error", "root_mean_squared_error"} <= quantities.metrics.keys()


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("target", ["churned", "spent,visits"])
def test_every_estimator_takes_labels_and_several_quantities(
    fit: Train, shop: pd.DataFrame, estimator: str, target: str
) -> None:
    with threadpool_limits(1):  # The threads of hist-gradient-boosting cost more than such few rows.
        model = fit(shop[::3], target, estimator=estimator, features="amount_eur,city,flag,seen")

    kinds = {float, int}
    assert {type(value) for value in model.metrics.values()} <= kinds
    assert not any(np.isnan(value) for value in model.metrics.values())


@pytest.mark.parametrize("load", [datasets.load_iris, datasets.load_diabetes, datasets.load_linnerud])
def test_rows_of_text_are_answered_as_the_pipeline_answers(
    fit: Train, tmp_path: Path, load: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = load(as_frame=True)
    check_answers(fit, data.frame, ",".join(pd.DataFrame(data.target).columns), tmp_path, monkeypatch)


def test_gaps_dates_and_flags_of_text_are_answered_as_the_pipeline_answers(
    fit: Train, shop: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_answers(fit, shop, "churned", tmp_path, monkeypatch)


def check_answers(
    fit: Train, table: pd.DataFrame, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: list[Any] = []

    def keep(estimator: Any, *rest: Any, **named: Any) -> Any:
        fitted.append(estimator)
        return package_model(estimator, *rest, **named)

    monkeypatch.setattr(training, "package_model", keep)
    model = fit(table, target)
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)

    columns = CellParser(model.signature.features, header).parse(rows)
    labels = model.engine.predict(columns).labels

    own = np.asarray(fitted[0].predict(to_frame(columns, model.signature.features))).reshape(len(rows), -1)
    if own.dtype.kind == "f":
        np.testing.assert_allclose(np.column_stack(labels), own, rtol=1e-9)
    else:
        assert np.array_equal(np.column_stack(labels), own)
    assert len(np.unique(own)) > 1


def test_missing_cells_are_missing_values(fit: Train, tmp_path: Path, artifacts: Path) -> None:
    rows = ["color,owned,label", *["red,True,1", "NA,False,0", "blue,None,1", "red,True,0", "blue,False,"] * 6]
    (tmp_path / "rows.csv").write_text("\n".join(rows), encoding="utf-8")

    train(["--data", str(tmp_path / "rows.csv"), "--target", "label"])

    signature = package.load(package.current(artifacts)).signature
    color, owned = signature.features
    assert (color.type, color.nullable, color.categories) == ("string", True, ["blue", "red"])
    assert (owned.type, owned.nullable) == ("boolean", True)
    assert (signature.task, signature.target.classes, signature.n_samples) == ("binary", [0, 1], 24)


def test_rows_without_a_target_and_classes_of_one_row_are_left_out(
    fit: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.DataFrame({"x": range(5, 35), "y": ["a", "b"] * 14 + ["c", None]})

    model = fit(table, "y", features="x")

    out = capsys.readouterr().out
    assert "Left out 1 row without a value for y\n" in out
    assert "Left out the only row with y c: a class needs two rows or more\n" in out
    assert (model.signature.n_samples, model.signature.target.classes) == (28, ["a", "b"])


@pytest.mark.parametrize("values", [[[1], [2]], [{"a": 1}, None], [None, np.array([1])]])
def test_a_target_of_more_than_single_values_is_named(values: list[Any]) -> None:
    with pytest.raises(TableError, match=r"^the target kind holds lists or objects: a target is a single value"):
        with_targets(pd.DataFrame({"kind": values}), ["kind"])


def test_a_rare_class_makes_fewer_folds(fit: Train) -> None:
    table = pd.DataFrame({"x": np.random.default_rng(0).normal(size=43), "y": ["a", "b"] * 20 + ["c"] * 3})

    assert fit(table, "y").metrics["folds"] == 3


def test_names_of_columns_may_be_anything(fit: Train) -> None:
    names = ["a b", 'it\'s "q"', "x,y", "ä", "1", "", "prediction", "d", "d.year", "d.month.x"]
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(40, len(names))), columns=names)
    table["d"] = pd.date_range("2024-01-31", periods=40, freq="17D")
    table["d.year"] = ["north", "south"] * 20

    model = fit(table, "x,y")

    assert list(features_of(model)) == [name for name in names if name != "x,y"]
    assert "year" not in (features_of(model)["d"].parts or [])
    assert list(features_of(fit(table, "1", features='"x,y",d'))) == ["x,y", "d"]


def test_a_column_that_is_nearly_all_numbers_is_numbers_with_gaps(
    fit: Train, shop: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    charges = shop["spent"].astype(str)
    charges[::40] = [" ", "?", "n/a"]

    charged = features_of(fit(shop[["visits", "churned"]].assign(charges=charges), "churned"))["charges"]

    assert "Read charges as numbers, with '?' and blanks as gaps (2 cells)\n" in capsys.readouterr().out
    assert (charged.type, charged.nullable, charged.gaps) == ("number", True, ["?"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target=Kinds"], "there is no column Kinds: did you mean kind?"),
        (["--target=qqq\nq"], "there is no column qqq: the columns are weight, age, indoor, fur, kind"),
        (["--target=qqq"], "there is no column qqq: the columns are weight, age, indoor, fur, kind"),
        (["--target=kind", "--features=agee"], "there is no column agee: did you mean age?"),
        (["--target=kind", "--features=age,kind"], "the target kind cannot be a feature too"),
        (["--target=kind", "--features=age", "--drop=fur"], "FEATURES and DROP are both given"),
        (["--target=kind", "--drop=age,weight,fur,indoor"], "no column is left to predict from"),
        (["--target=kind", "--task=regression"], "TASK=regression needs numbers, but kind holds labels"),
        (["--target=kind", "--task=multiclass"], "TASK=multiclass does not fit kind, which has 2 values"),
        (["--target=kind", "--task=multi-output"], "TASK=multi-output needs several targets"),
        (["--target=weight", "--task=binary"], "TASK=binary needs labels, but weight holds fractions"),
        (["--target=kind", "--task=guess"], "there is no task guess: name one of binary, multiclass, regression"),
        (["--target=kind,weight"], "the targets kind, weight are labels and quantities: train a model for each"),
        (["--target=kind,indoor"], "the targets kind, indoor hold labels of several types: train a model for each"),
        (["--target=kind", "--estimator=magic"], "there is no estimator magic: name one of linear, nearest-neighbors"),
        (["--target=kind", "--estimator=magic"], "extra-trees, gradient-boosting, hist-gradient-boosting, auto"),
        (["--target=kind", "--engine=magic"], "there is no engine magic: name one of onnx, sklearn, joblib"),
        (["--target=kind", "--engine=joblib"], "add ALLOW_PICKLE=1"),
        (["--target=kind", "--decimal=,"], "DECIMAL=, is not known: name one of point, comma"),
        (["--target=kind", "--dates=dmy"], "DATES=dmy is not known: name one of day-first, month-first"),
        (["--target=kind", "--names=a,b"], "row 1 has 5 cells, but the header has 2"),
        ([], "no target is named: name the column to predict, as in TARGET=churned"),
    ],
)
def test_train_refuses_options_that_do_not_fit(
    pets_csv: Path, artifacts: Path, options: list[str], message: str
) -> None:
    with pytest.raises(SystemExit, match=f"^Not trained: .*{re.escape(message)}"):
        train([f"--data={pets_csv}", *options])

    assert not artifacts.exists()


@pytest.mark.parametrize(
    "table", ['[tool.modelapi.columns]\nage = { titel = "Age" }', '[tool.modelapi.card]\nintended_usage = "None"']
)
def test_what_pyproject_cannot_say_is_refused_before_anything_is_fitted(
    pets_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.modelapi]\n{table}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit, match=r"^Not trained: pyproject.toml says "):
        training.train(lambda *_: pytest.fail("too late"), arguments=[f"--data={pets_csv}", "--target=kind"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("kind,x\n" + "cat,inf\ndog,1\n" * 10, "column x holds infinity"),
        ("kind,x\ncat,1\ndog,2\n", "2 rows have a value for kind: 10 or more are needed"),
        ("kind,x\n" + "cat,1\n" * 20, "kind has the same value in every row"),
        ("kind,x\n" + "".join(f"k{i},{i % 3}\n" for i in range(20)), "kind has 20 different values in 20 rows"),
        ("kind,x\n" + "cat,1\n" * 20 + "dog,2\n", "kind has a single class of more than one row"),
        ("kind,x\n" + "inf,1\n2,3\n" * 10, "column kind holds infinity"),
        ("kind,x\n" + "cat,3.5e38\ndog,1\n" * 10, "column x holds numbers over 3.4e\\+38 in size"),
        ("kind,x\n" + "2026-11-21,1\n2026-11-22,2\n" * 10, "the target kind is neither numbers nor text"),
        ("kind,x\n" + "cat,\ndog,\n" * 10, "no column is left to predict from"),
    ],
)
def test_train_refuses_a_table_it_cannot_learn_from(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "table.csv").write_text(content, encoding="utf-8")

    with pytest.raises(SystemExit, match=f"^Not trained: {message}"):
        train(["--data", str(tmp_path / "table.csv"), "--target", "kind"])


def test_nothing_is_drawn_where_stderr_is_no_terminal(
    fit: Train, shop: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(shop, "churned", estimator="random-forest")

    assert capsys.readouterr().err == ""


def test_the_index_of_a_sorted_table_is_no_feature(
    fit: Train, tmp_path: Path, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.DataFrame({"x": np.random.default_rng(0).normal(size=60), "y": ["a"] * 30 + ["b"] * 30})
    table.drop(index=range(0, 60, 7)).to_csv(tmp_path / "rows.csv")

    train(["--data", str(tmp_path / "rows.csv"), "--target", "y"])

    model = package.load(package.current(artifacts))
    assert list(features_of(model)) == ["x"]
    assert (
        "Left out the first column: it has no name, as the index of a table that was saved" in capsys.readouterr().out
    )
    rows = [line.split(",")[:2] for line in (tmp_path / "rows.csv").read_text().splitlines()]
    assert len(CellParser(model.signature.features, rows[0], unknown_fields="refuse").parse(rows[1:])["x"]) == 51


def test_many_rows_without_a_target_are_warned_of(fit: Train, capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.DataFrame({"x": np.random.default_rng(0).normal(size=90), "y": [0.5, "NA", 2.25] * 30})
    table["y"] = [f"{number / 7:.3f}" if number % 3 else "NA" for number in range(90)]

    fit(table, "y")

    out = capsys.readouterr().out
    assert "Left out 30 rows without a value for y\nWarning: that is 33 % of the rows." in out


def test_a_class_may_be_called_none(fit: Train, capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.DataFrame({"x": np.random.default_rng(0).normal(size=90), "y": ["None", "Insomnia", "Apnea"] * 30})

    model = fit(table, "y")

    assert model.signature.target.classes == ["Apnea", "Insomnia", "None"]
    assert "Took 'None' for labels of y (MISSING=None makes gaps of them)" in capsys.readouterr().out
    assert fit(table, "y", missing="None").signature.target.classes == ["Apnea", "Insomnia"]


def test_a_gap_tells_as_much_as_a_category(fit: Train, capsys: pytest.CaptureFixture[str]) -> None:
    quality = np.random.default_rng(0).choice(["Gd", "Ex", "NA", ""], 200)
    price = pd.Series(quality).map({"Gd": 1.0, "Ex": 2.0, "NA": 9.0, "": 9.0})
    table = pd.DataFrame({"quality": quality, "price": price + np.random.default_rng(1).normal(scale=0.1, size=200)})

    assert fit(table, "price").metrics["r2"] > 0.9
    assert "The gaps of quality are a category of their own\n" in capsys.readouterr().out


def test_dates_of_which_nobody_knows_what_is_first_are_asked_for(
    fit: Train, shop: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    table = shop[["spent", "churned"]].assign(since=[f"0{1 + i % 9}/0{1 + i % 7}/2024" for i in range(len(shop))])

    assert list(features_of(fit(table, "churned"))) == ["spent"]
    assert (
        "Left out since: its dates may have the day first or the month: say it by DATES=day-first or DATES=month"
        in (capsys.readouterr().out)
    )
    assert features_of(fit(table, "churned", dates="day-first"))["since"].format == "%d/%m/%Y"
    with pytest.raises(SystemExit, match="column since is unclear"):
        fit(table, "churned", features="since")


def test_a_table_is_scored_as_it_was_read_in_training(fit: Train, shop: pd.DataFrame, tmp_path: Path) -> None:
    table = shop[["spent", "churned"]].copy()
    table["price"] = table.pop("spent").map("{:.2f} €".format).str.replace(".", ",")
    table.loc[::40, "price"] = "k.A."
    table.to_csv(tmp_path / "german.csv", sep=";", index=True)
    files = [f"--input={tmp_path / 'german.csv'}", f"--output={tmp_path / 'scored.csv'}"]

    train(["--data", str(tmp_path / "german.csv"), "--target", "churned"])
    score.main([*files, "--strict"])

    scored = pd.read_csv(tmp_path / "scored.csv", sep=";")
    assert (scored["prediction"] == scored["churned"]).mean() > 0.7


def test_codes_with_leading_zeros_stay_text(fit: Train, capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.DataFrame({"zip": ["01067", "04109", "80331"] * 10, "y": ["a", "b", "b"] * 10, "x": range(30)})

    model = fit(table, "y", features="zip,x")

    assert features_of(model)["zip"].categories == ["01067", "04109", "80331"]
    assert "Read zip as text, for numbers do not begin with 0\n" in capsys.readouterr().out


@pytest.fixture
def tickets() -> pd.DataFrame:
    """A table in which a label follows from what is written, beside a number that tells little, and names."""
    random = np.random.default_rng(0)
    count = 120
    broken = random.random(count) > 0.5
    words = ["the", "printer", "in", "room", "on", "floor", "again", "since", "monday", "please"]
    texts = [
        f"{' '.join(random.choice(words, 7))} {'is broken' if flag else 'needs paper'} {number}"
        for number, flag in enumerate(broken)
    ]
    return pd.DataFrame(
        {
            "floor": random.integers(1, 9, count),
            "note": texts,
            "who": [
                f"{name}, Mr. {other}" for name, other in zip(random.permutation(count), range(count), strict=True)
            ],
            "remark": [" ".join(random.choice(words, 9)) for _ in range(count)],
            "urgent": np.where(broken, "yes", "no"),
        }
    )


def test_text_that_decides_is_a_feature(
    fit: Train, tickets: pd.DataFrame, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    tickets.loc[3, "note"] = None

    model = fit(tickets, "urgent")

    out = capsys.readouterr().out
    assert {name: one.type for name, one in features_of(model).items()} == {"floor": "integer", "note": "text"}
    assert re.search(r"Read note by its words: balanced accuracy (0\.9\d*|1) with it, 0\.[3-6]\d* without\n", out)
    assert "Left out who: 120 of its 120 texts differ, as in a name or an identifier" in out
    assert "Left out remark: a model is no better with its texts (balanced accuracy " in out
    assert model.manifest.engine == "onnx"
    assert model.metrics["accuracy"] > 0.9
    note = features_of(model)["note"]
    assert (note.nullable, note.fill, note.example) == (True, "", "an example of a text")
    rows = CellParser(model.signature.features, ["floor", "note"]).parse([["1", "it is broken"], ["1", ""]])
    assert model.engine.predict(rows).labels[0][0] == "yes"


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_takes_text_that_is_named(fit: Train, tickets: pd.DataFrame, estimator: str) -> None:
    with threadpool_limits(1):
        model = fit(tickets, "urgent", features="note,who", estimator=estimator)

    assert [feature.type for feature in model.signature.features] == ["text", "text"]


def test_a_table_may_have_nothing_but_text(fit: Train, tickets: pd.DataFrame) -> None:
    assert list(features_of(fit(tickets[["note", "urgent"]], "urgent"))) == ["note"]
