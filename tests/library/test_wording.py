"""What pyproject.toml calls columns and labels is in the signature; answers stay those of the training data."""

from pathlib import Path

import pandas as pd
import pytest
from modelapi.packaging import package
from modelapi.packaging.wording import find_slips, with_wording
from modelapi.project import Project
from modelapi.settings import SettingsError
from modelapi.signature import Signature
from modelapi.training.features import infer, read_features
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline


def signature_of(table: pd.DataFrame, target: str = "kind") -> Signature:
    X = table.drop(columns=target)
    return infer(read_features(X), [target], DummyClassifier().fit(X, table[target]), len(X))


def worded(table: pd.DataFrame, **options: object) -> Signature:
    return with_wording(signature_of(table), Project(Path(), "pets", options=options))


def test_a_column_has_the_title_unit_and_group_that_it_is_given(pets: pd.DataFrame) -> None:
    said = {"title": "Age of the pet", "unit": "years", "description": "When it came", "group": "Body"}
    found = worded(pets, columns={"age": said, "fur": {"labels": {"short": "as a brush"}}})
    age = next(feature for feature in found.features if feature.name == "age")
    fur = next(feature for feature in found.features if feature.name == "fur")
    assert {name: getattr(age, name) for name in said} == said
    assert (fur.called("short"), fur.called("long")) == ("as a brush", "long")


def test_labels_are_those_of_the_target_and_what_other_tables_have_is_left(pets: pd.DataFrame) -> None:
    columns = {"kind": {"title": "Kind"}, "of another table": {"title": "?"}}
    found = worded(pets, labels={"cat": "a cat"}, columns=columns)
    assert (found.target.title, found.target.labels) == ("Kind", {"cat": "a cat"})


@pytest.mark.parametrize(
    ("options", "slips"),
    [
        ({"columns": {"agee": {"unit": "years"}, "Fur": {}, "fare": {}}}, ["did you mean age?", "did you mean fur?"]),
        ({"columns": {"fur": {"labels": {"shrt": "as a brush", "long": "long"}}}}, ["fur is never shrt in training"]),
        ({"labels": {"cow": "a cow"}}, ["kind is never cow in training, which pyproject.toml labels: it is cat, dog"]),
        ({"columns": {"age": {"labels": {"1": "a year", "0": "unborn"}}}}, ["age is never 0 in training"]),
        ({"columns": {"weight": {"labels": {"4.5": "light"}}}}, ["labels values of weight, but it has more than"]),
        ({"columns": {"ages": {}, "age": {}}}, []),
    ],
)
def test_what_seems_to_be_mistyped_is_said(pets: pd.DataFrame, options: dict[str, object], slips: list[str]) -> None:
    project = Project(Path(), "pets", options=options)

    found = list(find_slips(project, with_wording(signature_of(pets), project)))

    assert len(found) == len(slips)
    assert all(slip in one for slip, one in zip(slips, found, strict=True))


@pytest.mark.parametrize(
    "options",
    [
        {"columns": {"age": {"unti": "years"}}},
        {"columns": {"age": {"unit": 7}}},
        {"columns": {"age": "years"}},
        {"columns": {"kind": {"labels": ["cat"]}}},
        {"labels": {"cat": 1}},
    ],
)
def test_what_cannot_be_a_name_is_refused_in_a_line_that_shows_how(
    pets: pd.DataFrame, options: dict[str, object]
) -> None:
    with pytest.raises(SettingsError, match=r"of the column (age|kind) than title, unit, .* as labels = {0 = "):
        worded(pets, **options)


def test_the_package_has_them(project: Path, pets: pd.DataFrame, pipeline: Pipeline) -> None:
    text = (project / "pyproject.toml").read_text(encoding="utf-8")
    (project / "pyproject.toml").write_text(f'{text}\n[tool.modelapi.labels]\ndog = "a dog"\n', encoding="utf-8")
    version = package(pipeline, pets[["fur", "age", "indoor"]], pets["kind"])
    stored = (project / "artifacts" / version / "signature.json").read_bytes()
    assert Signature.model_validate_json(stored).target.labels == {"dog": "a dog"}
