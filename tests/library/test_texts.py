"""Text: vectorizers are served whatever they are given, and no text of training leaves a package."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from modelapi import package
from modelapi.engines import EngineError, Wanted
from modelapi.engines.bare import try_load
from modelapi.engines.counts import Counter
from modelapi.onnx.export import export
from modelapi.onnx.texts import _words
from modelapi.outputs import warnings
from modelapi.package import Package
from modelapi.packaging.fitted import main
from modelapi.packaging.model_files import OnnxModel
from modelapi.records.cells import CellParser
from modelapi.records.faults import InvalidRecords
from modelapi.records.parser import RecordParser
from modelapi.serving.openapi import document
from modelapi.serving.settings import Settings
from modelapi.training.features import infer, read_features
from onnx import TensorProto, helper
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import OneHotEncoder, StandardScaler

Run = Callable[..., Package]

NEW = ["", " ", "a b c", "GREAT café", "Never heard of it", "Größe, ÉTÉ & İstanbul", "😀 great 😀", "great\n" * 900]


@pytest.fixture
def reviews() -> pd.DataFrame:
    """Texts that all differ, a number, and a label."""
    words = ["great", "dull", "a", "Café", "long,", "naïve", "I'd", "see", "it", "again!"]
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(words, 6)) + f" no{number}" for number in range(60)]
    labels = ["good" if "great" in text else "bad" for text in texts]
    return pd.DataFrame({"review": texts, "stars": random.integers(1, 6, 60), "label": labels})


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Package a fitted estimator with a sample, and load the package: run(fitted, sample)."""
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "artifacts"))

    def run_step(fitted: Any, sample: pd.DataFrame, *options: str) -> Package:
        skops.io.dump(fitted, tmp_path / "my.skops")
        sample.to_csv(tmp_path / "sample.csv", index=False)
        main([f"--model={tmp_path / 'my.skops'}", f"--sample={tmp_path / 'sample.csv'}", *options])
        return package.load(package.current(tmp_path / "artifacts"))

    return run_step


def answers(model: Package, records: list[dict[str, Any]]) -> Any:
    """What the packaged model says of records in JSON: labels and probabilities."""
    columns = RecordParser(model.signature).parse_json(json.dumps(records).encode())
    prediction = model.engine.predict(columns, Wanted(probabilities=True))
    return prediction.labels[0].tolist(), (prediction.probabilities or [])[0]


VECTORIZERS = {
    "tf-idf": TfidfVectorizer(),
    "pairs of words": TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words="english"),
    "without accents": TfidfVectorizer(strip_accents="unicode", norm="l1", binary=True),
    "counts": CountVectorizer(lowercase=False, token_pattern=r"[^\s,!]+"),
    "characters": TfidfVectorizer(analyzer="char", ngram_range=(1, 3)),
    "characters of words": make_union(CountVectorizer(analyzer="char_wb", ngram_range=(2, 3)), TfidfVectorizer()),
    "hashes": HashingVectorizer(n_features=256),
}


@pytest.mark.parametrize("vectorizer", VECTORIZERS.values(), ids=VECTORIZERS)
def test_a_pipeline_fitted_on_texts_answers_new_ones(run: Run, reviews: pd.DataFrame, vectorizer: Any) -> None:
    fitted = make_pipeline(vectorizer, LogisticRegression()).fit(reviews["review"], reviews["label"])

    model = run(fitted, reviews[["review", "label"]])

    labels, shares = answers(model, [{"review": text} for text in NEW])
    assert (model.signature.takes, model.signature.features[0].type) == ("series", "text")
    assert labels == fitted.predict(NEW).tolist()
    np.testing.assert_allclose(shares, fitted.predict_proba(NEW), atol=1e-9)


@pytest.mark.parametrize("search", [False, True])
def test_text_beside_numbers_answers_new_texts(run: Run, reviews: pd.DataFrame, search: bool) -> None:
    columns = make_column_transformer((TfidfVectorizer(), "review"), (StandardScaler(), ["stars"]))
    pipeline = make_pipeline(columns, TruncatedSVD(3, random_state=0), LogisticRegression())
    fitted = GridSearchCV(pipeline, {}, cv=2) if search else pipeline
    fitted.fit(reviews[["review", "stars"]], reviews["label"])
    new = pd.DataFrame({"review": NEW, "stars": 3})

    model = run(fitted, reviews)

    labels, shares = answers(model, new.to_dict("records"))
    assert [feature.type for feature in model.signature.features] == ["text", "integer"]
    assert labels == fitted.predict(new).tolist()
    np.testing.assert_allclose(shares, fitted.predict_proba(new), atol=1e-9)


def test_texts_that_repeat_are_text_to_a_vectorizer_too(run: Run, reviews: pd.DataFrame) -> None:
    texts = pd.DataFrame({"said": ["one", "two", "three"] * 20, "label": reviews["label"]})
    fitted = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts["said"], texts["label"])

    model = run(fitted, texts, "--target=label")

    assert (model.signature.features[0].type, model.signature.features[0].categories) == ("text", None)
    assert answers(model, [{"said": "four"}])[0] == fitted.predict(["four"]).tolist()


def test_of_several_columns_the_text_is_taken(run: Run, reviews: pd.DataFrame) -> None:
    fitted = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(reviews["review"], reviews["label"])

    assert [feature.name for feature in run(fitted, reviews).signature.features] == ["review"]
    with pytest.raises(SystemExit, match=r"takes a single column of text, but the sample has review, again: leave"):
        run(fitted, reviews.assign(again=reviews["review"]))


def test_a_text_may_be_anything_but_too_long_or_missing() -> None:
    (text,) = read_features(pd.DataFrame({"note": [f"note {number}" for number in range(9)]}))
    signature = json.loads(
        '{"target": {"name": "y", "type": "number"}, "task": "regression", "probabilities": false, "n_samples": 9}'
    )
    parser = RecordParser(package.Signature(features=[text], **signature))

    for allowed in ("", " ", "NA", "x" * 10_000, "😀" * 10_000):
        assert parser.parse_json(json.dumps({"note": allowed}).encode())["note"].tolist() == [allowed]
        assert CellParser([text], ["note"]).parse([[allowed]])["note"].tolist() == [allowed]
    for refused in ("x" * 10_001, None, 3, ["x"]):
        with pytest.raises(InvalidRecords) as caught:
            parser.parse_json(json.dumps({"note": refused}).encode())
        said = "must be a text of at most 10000 characters"
        assert caught.value.faults[0].detail == (f"is null: it {said}" if refused is None else said)
    with pytest.raises(InvalidRecords):
        CellParser([text], ["note"]).parse([["x" * 10_001]])


def test_an_empty_cell_is_a_gap_only_where_there_were_gaps() -> None:
    notes = pd.DataFrame({"note": [None, *(f"note {number}" for number in range(9))]})

    columns = CellParser(read_features(notes), ["note"]).parse([[""], ["None"]])

    assert columns["note"].tolist() == [None, "None"]


def test_longer_texts_of_training_raise_the_bound() -> None:
    (text,) = read_features(pd.DataFrame({"note": ["x" * 10_001, "y", "z"]}))

    assert text.max_length == 100_000


def told(model: Package) -> str:
    """All that clients are told of a model, and its files but for the model itself."""
    signature = model.signature
    settings = Settings.model_construct()
    refused = []
    for record in ({}, dict.fromkeys(signature.example(), "never seen"), dict.fromkeys(signature.example(), 1.5)):
        try:
            RecordParser(signature).parse_json(json.dumps(record).encode())
        except InvalidRecords as error:
            refused += [fault.detail for fault in error.faults]
    parts = [signature.public(), document({"": signature}, settings), model.card, model.metrics, refused]
    return json.dumps(parts, ensure_ascii=False)


def test_no_text_of_training_is_told_to_clients(run: Run, reviews: pd.DataFrame) -> None:
    people = reviews.assign(
        name=[f"Person {number}" for number in range(60)],
        remark=[
            "written by somebody, at some length, on a form that has had the same remarks for years to choose from."
        ]
        * 60,
        town=["Łódź", "Ostrava", "Žilina"] * 20,
    )
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["name", "town"]), remainder="drop", verbose_feature_names_out=False
    )
    X = people[["review", "name", "remark", "town"]]
    model = run(make_pipeline(encoder, LogisticRegression()).fit(X, people["label"]), X)

    text = told(model)

    assert "Łódź" in text
    assert "must be one of the 60 values that the model knows" in text
    shown = [name for name in people["name"] if name in text]
    assert shown == [model.signature.example()["name"]]  # For there is no other value that it takes.
    assert not [one for one in (*people["review"], *people["remark"]) if one in text]


@pytest.mark.parametrize("name", ["phone", "CustomerID", "contact"])
def test_the_numbers_of_people_have_no_range(run: Run, reviews: pd.DataFrame, name: str) -> None:
    random = np.random.default_rng(0)
    X = pd.DataFrame({name: random.choice(np.arange(491_000_000, 499_000_000), 60), "stars": reviews["stars"]})

    model = run(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, reviews["label"]), X)

    text = told(model)
    far = dict.fromkeys(model.signature.example(), 1e9)
    warned = warnings(RecordParser(model.signature).parse_json(json.dumps(far).encode()), model.signature)
    assert not [number for number in (*X[name], *map("{:.10g}".format, X[name])) if str(number) in text]
    assert [fault.detail for fault in warned] == [
        "is outside the range seen in the sample",
        "is outside the range seen in the sample, which is 1 to 5",
    ]


def test_the_example_is_no_row_of_the_sample() -> None:
    names = [f"Person {number}" for number in range(100)]
    X = pd.DataFrame({"paid": np.linspace(10.123, 99.987, 100), "number": range(70_123, 70_223), "name": names})

    values = {feature.name: feature.example for feature in read_features(X)}

    assert values == {"paid": 55, "number": 70_200, "name": "an example of a text"}


WORDS_ALIKE: list[dict[str, Any]] = [
    {},
    {"lowercase": False, "ngram_range": (2, 3), "stop_words": ["the", "of"]},
    {"strip_accents": "ascii", "token_pattern": r"(?i)\b([a-z]+)\b", "binary": True},
    {"strip_accents": "unicode", "analyzer": "char", "ngram_range": (1, 2)},
    {"analyzer": "char", "ngram_range": (3, 4)},
    {"analyzer": "char_wb", "ngram_range": (1, 4)},
    {"analyzer": "char_wb", "ngram_range": (4, 6)},
]


@pytest.mark.parametrize("settings", WORDS_ALIKE, ids=str)
def test_words_are_counted_as_scikit_learn_counts_them(settings: dict[str, Any]) -> None:
    random = np.random.default_rng(0)
    letters = np.array([*"aaBbéÉß İıΣς  \t\n_-.,'1٣½日本語ーe\u0301ﬁ😀👍🏽\u200b\u00a0", "the ", "of "])
    texts = ["".join(random.choice(letters, random.integers(0, 40))) for _ in range(500)]
    vectorizer = CountVectorizer(**settings).fit(texts[::2])

    counts = Counter(_words(vectorizer))(texts)

    assert np.array_equal(counts, vectorizer.transform(texts).toarray())


def test_many_texts_are_predicted_in_parts(run: Run, reviews: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(reviews["review"], reviews["label"])
    monkeypatch.setattr("modelapi.engines.onnx_engine.MAX_COUNTS", 700)

    model = run(fitted, reviews[["review", "label"]])

    labels, shares = answers(model, [{"review": text} for text in reviews["review"]])
    assert model.manifest.engine == "onnx"
    assert labels == fitted.predict(reviews["review"]).tolist()
    np.testing.assert_allclose(shares, fitted.predict_proba(reviews["review"]), atol=1e-9)


@pytest.mark.parametrize("settings", [{"tokenizer": str.split, "token_pattern": None}, {"analyzer": str.split}])
def test_a_vectorizer_with_functions_is_no_graph(reviews: pd.DataFrame, settings: Any) -> None:
    fitted = make_pipeline(CountVectorizer(**settings), LogisticRegression()).fit(reviews["review"], reviews["label"])

    signature = infer(read_features(reviews[["review"]]), ["label"], fitted, 60, takes="series")

    with pytest.raises(EngineError, match="functions of your own in a vectorizer"):
        export(fitted, reviews[["review"]], signature)


@pytest.mark.parametrize(("change", "message"), [("LOWER", "changes the case of letters as"), ("NONE", "")])
def test_no_graph_asks_for_a_locale(tmp_path: Path, run: Run, change: str, message: str) -> None:
    node = helper.make_node("StringNormalizer", ["X"], ["label"], case_change_action=change, locale="en_US.UTF-8")
    ends = [helper.make_tensor_value_info(name, TensorProto.STRING, [None]) for name in ("X", "label")]
    graph = helper.make_graph([node], "letters", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)

    if message:
        with pytest.raises(EngineError, match=message):
            OnnxModel(model.SerializeToString())
    else:
        assert b"en_US" not in OnnxModel(model.SerializeToString()).content


def test_a_model_that_loads_here_alone_is_refused(pets: pd.DataFrame, pipeline: Any, tmp_path: Path) -> None:
    signature = infer(read_features(pets[["fur", "age", "indoor"]]), ["kind"], pipeline, 20)

    try_load("sklearn", skops.io.dumps(pipeline), signature, tmp_path)
    with pytest.raises(EngineError, match="it does not load in a bare environment: ONNX Runtime cannot run it"):
        try_load("onnx", b"no graph", signature, tmp_path)
