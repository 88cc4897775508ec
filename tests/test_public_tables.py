"""Public tables, also as people write them, train and are served with no option but the target, and beat the baseline.

With those of test_tables.py these are over thirty.
"""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from vega_datasets import local_data

from tests.conftest import ROOT, Ask, Installed, succeed

# The table, its target, and a line that is said of it.
TABLES = [
    ("kr_vs_kp", "class", ""),
    ("zoo", "type", "Left out animal: 100 of its 101 texts differ"),
    ("cpu", "class", ""),
    ("glass2", "class", ""),
    ("titanic_openml", "survived", "Read body as numbers, with '?' as gaps (1188 cells)"),
    ("penguins_openml", "species", "body_mass_g as numbers, with '?' as gaps (2 cells)"),
    ("airports", "longitude", "Left out iata: "),
    ("us_employment", "nonfarm", ""),
    ("driving", "gas", ""),
    ("la_riots", "gender", "Left out last_name: "),
    ("burtin", "Gram_Staining", ""),
    ("ohlc", "close", ""),
    ("anscombe", "Y", ""),
    ("seattle_temps", "temp", ""),
    ("crimea", "disease", ""),
]


def sorted_with_its_index(path: Path) -> None:
    local_data.iris().sort_values("species").reset_index(drop=True).to_csv(path)


def in_german(path: Path) -> None:
    cars = local_data.cars().drop(columns=["Name", "Year"])
    cars["Displacement"] = cars["Displacement"].map("{:.1f} ccm".format).str.replace(".", ",")
    cars["Horsepower"] = cars["Horsepower"].map(lambda power: "k.A." if pd.isna(power) else f"{power:.0f}")
    cars["Weight_in_lbs"] = cars["Weight_in_lbs"].map("{:,}".format).str.replace(",", ".")
    cars.to_csv(path, sep=";", decimal=",", index=False, encoding="cp1252")


def in_money(path: Path) -> None:
    stocks = local_data.stocks()
    stocks["date"] = stocks["date"].dt.strftime("%B %d, %Y")
    stocks["volume"] = (stocks["price"] * 1000).map("${:,.2f}".format)
    stocks["price"] = stocks["price"].map("${:,.2f}".format)
    path.write_text("Stocks of five firms,,,\n,,,\n" + stocks.to_csv(index=False), encoding="utf-8-sig")


WRITTEN: list[tuple[Callable[[Path], None], str, str, str]] = [
    (sorted_with_its_index, "species", "Left out the first column: it has no name", "sepalLength"),
    (in_german, "Origin", "Read Displacement as numbers written 1.234,56 ccm", "Weight_in_lbs"),
    (in_money, "symbol", "Read volume as numbers written $1,234.56", "date"),
]


def check(ask: Ask, path: Path, target: str, said: str) -> dict[str, str]:
    answer = ask(path=path, target=target, models=path.parent / "models")

    assert "refused" not in answer, answer
    assert said in answer["said"], answer["said"]
    metric = "r2" if answer["task"] == "regression" else "balanced_accuracy"
    assert answer["metrics"][metric] > answer["metrics"][f"baseline_{metric}"]
    assert target not in answer["features"]
    features: dict[str, str] = answer["features"]
    return features


@pytest.mark.parametrize(("name", "target", "said"), TABLES)
def test_a_public_table_beats_the_baseline(
    ask: Ask, installed: Installed, tmp_path: Path, name: str, target: str, said: str
) -> None:
    if hasattr(local_data, name):
        getattr(local_data, name)().to_csv(tmp_path / f"{name}.csv", index=False)
    else:
        succeed(".venv/bin/python", ROOT / "tests" / "tables.py", tmp_path, cwd=installed("fastapi"))

    check(ask, tmp_path / f"{name}.csv", target, said)


@pytest.mark.parametrize(("write", "target", "said", "feature"), WRITTEN)
def test_a_table_as_people_write_it_beats_the_baseline(
    ask: Ask, tmp_path: Path, write: Callable[[Path], None], target: str, said: str, feature: str
) -> None:
    write(tmp_path / "table.csv")

    features = check(ask, tmp_path / "table.csv", target, said)

    assert features[feature] in ("number", "integer", "datetime")
    assert "" not in features
