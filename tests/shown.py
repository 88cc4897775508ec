"""Train five very different models to look at: python shown.py, in a project; each gets a folder in artifacts.

It gives columns names and units for people in pyproject.toml.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
from modelapi.packaging import package
from modelapi.train import train
from sklearn.ensemble import IsolationForest
from steps.train import ESTIMATORS, build_pipeline

N = 400
RANDOM = np.random.default_rng(0)
WORDS = {
    True: ["late", "broken", "never again", "refund", "rude", "the parcel was open"],
    False: ["thank you", "great", "arrived early", "friendly", "as described", "would buy again"],
}

WORDING = """
[tool.modelapi.columns.complaint]
labels = { true = "a complaint", false = "anything else" }
[tool.modelapi.columns.message]
title = "What they wrote"
[tool.modelapi.columns.has_account]
title = "Has an account"
labels = { true = "yes", false = "no" }
[tool.modelapi.columns.rent]
title = "Monthly rent"
unit = "€"
[tool.modelapi.columns.area]
unit = "m²"
description = "Living space without cellar and balcony"
group = "The flat"
[tool.modelapi.columns.floor]
description = "-1 is the basement"
group = "The flat"
[tool.modelapi.columns.since]
title = "Let since"
group = "The contract"
[tool.modelapi.columns.outside]
unit = "°C"
[tool.modelapi.columns.heat]
title = "Heating"
unit = "kWh"
[tool.modelapi.columns.cold]
title = "Cooling"
unit = "kWh"
"""


def complaints() -> tuple[pd.DataFrame, list[str]]:
    """Binary, with text."""
    is_complaint = RANDOM.random(N) < 0.4
    said = [
        f"{RANDOM.choice(WORDS[one])}, {RANDOM.choice(WORDS[one])}, order {n}" for n, one in enumerate(is_complaint)
    ]
    channel = RANDOM.choice(["e-mail", "phone", "a form on the web site of the shop", "letter", "chat"], N)
    table = {"message": said, "channel": channel, "has_account": RANDOM.random(N) < 0.7, "complaint": is_complaint}
    return pd.DataFrame(table), ["complaint"]


def rents() -> tuple[pd.DataFrame, list[str]]:
    """Regression, with dates."""
    since = pd.Timestamp("2015-01-01") + pd.to_timedelta(RANDOM.integers(0, 3650, N), unit="D")
    area = RANDOM.gamma(8, 9, N).round(1)
    floor = RANDOM.integers(-1, 9, N)
    heating = RANDOM.choice(["gas", "district", "heat pump", None], N)
    rent = 9.5 * area + 12 * floor + (since.year - 2015) * 35 + RANDOM.normal(0, 60, N)
    table = {
        "since": since.strftime("%Y-%m-%d"),
        "area": area,
        "floor": floor,
        "heating": heating,
        "rent": rent.round(2),
    }
    return pd.DataFrame(table), ["rent"]


def parts() -> tuple[pd.DataFrame, list[str]]:
    """Multiclass, with twenty features whose names are long."""
    X = RANDOM.normal(0, 1, (N, 20)) * RANDOM.gamma(2, 50, 20)
    names = [f"sensor_{n:02}_mean_of_the_vibration_amplitude" for n in range(20)]
    likely = X / X.std(axis=0) @ RANDOM.normal(0, 1, (20, 4))
    fault = np.array(["none", "worn bearing", "bent shaft", "loose foot"])[likely.argmax(axis=1)]
    return pd.DataFrame(X.round(3), columns=names).assign(fault=fault), ["fault"]


def energy() -> tuple[pd.DataFrame, list[str]]:
    """Several numbers at once."""
    outside, people, open_ = RANDOM.normal(9, 8, N).round(1), RANDOM.integers(0, 120, N), RANDOM.random(N) < 0.3
    heat = np.clip(20 - outside, 0, None) * (3 + open_) + RANDOM.normal(0, 4, N)
    cold = np.clip(outside - 18, 0, None) * 4 + people * 0.05 + RANDOM.normal(0, 1, N)
    table = {"outside": outside, "people": people, "window_open": open_, "heat": heat.round(1), "cold": cold.round(1)}
    return pd.DataFrame(table), ["heat", "cold"]


def outliers() -> None:
    """Outliers, by an estimator that is packaged as it is."""
    X = pd.DataFrame({"amount": RANDOM.gamma(2, 40, N).round(2), "hour": RANDOM.integers(0, 24, N)})
    package(IsolationForest(random_state=0).fit(X), X)


if __name__ == "__main__":
    with Path("pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(WORDING)
    for make in (complaints, rents, parts, energy):
        os.environ["MODEL_DIR"] = f"artifacts/{make.__name__}"
        table, targets = make()
        path = Path(f"{make.__name__}.csv")
        table.to_csv(path, index=False)
        train(build_pipeline, estimators=ESTIMATORS, arguments=["--data", str(path), "--target", ",".join(targets)])
    os.environ["MODEL_DIR"] = "artifacts/outliers"
    outliers()
