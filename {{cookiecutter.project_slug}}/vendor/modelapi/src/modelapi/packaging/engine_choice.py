"""Choose the engine of a fitted estimator, and write the model package."""

from __future__ import annotations

import logging
import warnings
from typing import Any

from modelapi import outputs, package
from modelapi.engines import ENGINES, Engine, EngineError, Prediction, engine_module, everything
from modelapi.engines.bare import try_load
from modelapi.package import Manifest, Metrics, versions
from modelapi.package.background import Background
from modelapi.package.baseline import Baseline
from modelapi.packaging import parity, untouched
from modelapi.packaging.background import find_background
from modelapi.packaging.baselines import make_baseline
from modelapi.packaging.card import Making, render
from modelapi.packaging.card.evidence import Evidence, of_sample
from modelapi.packaging.card.said import read_said
from modelapi.packaging.exports import Export, export
from modelapi.packaging.model_files import OnnxModel, as_it_came
from modelapi.packaging.mutations import mutate
from modelapi.packaging.scores import with_scores
from modelapi.packaging.wording import find_slips, with_wording
from modelapi.records.columns import Columns, n_rows
from modelapi.settings import PackageSettings
from modelapi.signature import Signature

log = logging.getLogger("modelapi")

NO_ENGINE = "no engine can serve this estimator"


def package_model(
    model: Any,
    columns: Columns,
    signature: Signature,
    *,
    metrics: Metrics,
    settings: PackageSettings,
    engine: str | None = None,
    X: Any = None,
    training: Columns | None = None,
    y: Any = None,
    evidence: Evidence | None = None,
) -> Manifest:
    """Make a fitted estimator the current model, for the engine named or the first that answers as it does.

    columns : the sample, on which engines and estimator are compared.
    X : the same rows as the estimator was fitted on them, a DataFrame; what it says of these is what is right.
    training : all rows of training, if columns are only some of them.
    y : what is right for these, a DataFrame, from which the card says how good the model is unless there is evidence.
    Raises EngineError if no engine answers alike, and SettingsError if pyproject.toml names columns wrongly.
    """
    refused = []
    said = read_said(settings.project, signature.target.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The comparison asks for what was not seen in training.
        sample = parity.head(columns)
        signature = with_scores(with_wording(signature, settings.project), model, sample)
        for slip in find_slips(settings.project, signature):
            print(f"Note: {slip}")
        original = as_it_came(model, signature)
        own = None if X is None or isinstance(model, OnnxModel) else untouched.answers(model, X, sample, signature)
        parity.check_sample(original, sample, signature)
        rows, signature = mutate(original, sample, signature)
        evidence = (evidence or of_sample(original, columns, y, signature)).worded(signature)
        expected = _predict(original, rows, signature)
        _check_names(expected, signature)
        for name in candidates(engine, settings):
            try:
                exported = export(model, name, sample, signature)
                loaded = engine_module(name).load(exported.content, signature)
                answer = _predict(loaded, rows, signature)
                difference = parity.compare(expected, answer, signature)
                if own is not None:
                    first = answer.part(slice(0, n_rows(sample)))
                    difference = max(difference, parity.compare(own, first, signature))
                try_load(name, exported.content, signature, settings.project.root)
            except EngineError as error:
                refused.append(f"not {name}, for {error}")
                log.debug("Not %s:", name, exc_info=error)
                continue
            reason = "; ".join([_comparison(n_rows(rows), difference), *refused])
            known = columns if training is None else training
            baseline = make_baseline(known, signature, evidence.outcomes)
            background = find_background(loaded, known, signature) if settings.explain else None
            made = Making(settings.project, model, name, reason, exported.libraries)
            card = render(made, signature, metrics, evidence, said)
            return save(exported, name, reason, signature, metrics, card, settings, baseline, background)
    raise EngineError(f"{NO_ENGINE}: {'; '.join(refused)}")


def save(
    exported: Export,
    engine: str,
    reason: str,
    signature: Signature,
    metrics: Metrics,
    card: str,
    settings: PackageSettings,
    baseline: Baseline,
    background: Background | None,
) -> Manifest:
    """Write the model package, make it the current one, and remove the oldest. Raises PackageError."""
    manifest = package.save(
        settings.model_dir,
        exported.content,
        name=settings.project.name,
        engine=engine,
        reason=reason,
        libraries=exported.libraries,
        signature=signature,
        metrics=metrics,
        card=card,
        baseline=baseline,
        background=background,
    )
    if count := versions.prune(settings.model_dir, settings.keep_versions):
        print(f"Removed {count} old version{'s' * (count > 1)}: KEEP_VERSIONS is {settings.keep_versions}")
    return manifest


def candidates(engine: str | None, settings: PackageSettings) -> list[str]:
    """List the engines to try in order, or the one that was asked for. Raises EngineError if there is no such one."""
    if engine not in (None, *ENGINES):
        raise EngineError(f"there is no engine {engine}: name one of {', '.join(ENGINES)}")
    if engine == "joblib" and not settings.allow_pickle:
        raise EngineError("engine joblib stores a pickle, and loading one runs the code in it: add ALLOW_PICKLE=1")
    return [engine] if engine else [name for name in ENGINES if name != "joblib" or settings.allow_pickle]


def announce(manifest: Manifest, settings: PackageSettings) -> str:
    """Say which engine runs the model and why, and which version is current now."""
    folder = settings.model_dir / manifest.version
    return f"Engine {manifest.engine}: {manifest.reason}\n{versions.announce(folder)}"


def _predict(engine: Engine, rows: Columns, signature: Signature) -> Prediction:
    try:
        with parity.alone():
            return engine.predict(rows, everything(signature))
    except Exception as error:
        raise EngineError(f"it cannot predict: {error}".splitlines()[0]) from error


def _check_names(prediction: Prediction, signature: Signature) -> None:
    """Raise EngineError if the columns that a prediction adds to a table have a name twice."""
    wanted = everything(signature)
    places = sum(1 + len(target.classes or []) * wanted.probabilities for target in signature.targets)
    if len(outputs.table(prediction, signature, wanted)) < places + wanted.scores * max(1, len(signature.scores or [])):
        raise EngineError("two columns of a scored table would have the same name: rename a target of the model")


def _comparison(count: int, difference: float) -> str:
    largest = f"the largest difference is {difference:.1g}" if difference else "without any difference"
    return f"on {count} rows it answers as the estimator does, {largest}"
