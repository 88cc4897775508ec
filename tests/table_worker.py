"""Train on the tables whose names come in, a line each, and answer what became of each as a line of JSON.

Runs where a project is installed: python table_worker.py FOLDER_OF_A_PROJECT.
"""

import contextlib
import io
import json
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from modelapi import package
from modelapi import train as training
from modelapi.records.cells import CellParser
from modelapi.training.choose import describe, refuse_infinity
from modelapi.training.dialect import TableError
from modelapi.training.features import SignatureError, to_columns
from modelapi.training.kinds import Hints
from modelapi.training.reading import read_table
from modelapi.training.values import read_values


def read(path: Path) -> dict[str, Any]:
    """Read a table, and read it as serving does; answer the values, or what is refused."""
    try:
        table = read_table(path)
        columns = read_values(table.frame, Hints(is_text=table.is_text, semicolons=table.semicolons))
    except TableError as error:
        return {"refused": str(error)}
    values = pd.DataFrame({name: column.values for name, column in columns.items()})
    answer = {}
    for name in values.columns:
        one = values[[name]]
        seen = one[name].dropna().tolist()
        answer[name] = {
            "dtype": str(one[name].dtype),
            "values": [None if cell is pd.NA else str(cell) for cell in one[name]],
        }
        if not seen:
            continue
        try:
            refuse_infinity(one)
            features = describe(one, columns)
        except (SignatureError, TableError) as error:
            answer[name]["refused"] = str(error)
            continue
        trained = to_columns(one, features)[name]
        cells = [["" if cell is pd.NA else cell] for cell in table.frame[name].tolist()]
        served = CellParser(features, [name]).parse(cells)[name]
        same = pd.Series(trained).equals(pd.Series(served))
        answer[name]["same"] = same
        if not same:
            answer[name]["served"] = [str(cell) for cell in served.tolist()]
    return {"columns": answer, "how": table.how}


def train(path: Path, target: str, models: Path) -> dict[str, Any]:
    """Train on a table, and serve its own rows."""
    os.environ["MODEL_DIR"] = str(models)
    from steps.train import build_pipeline

    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            training.train(build_pipeline, arguments=["--data", str(path), "--target", target])
    except SystemExit as error:
        return {"refused": str(error)}
    model = package.load(package.current(models))
    table = read_table(path).frame
    rows = table.astype(object).where(table.notna(), "").to_numpy().tolist()
    parse = CellParser(model.signature.features, list(table.columns)).parse
    labels = model.engine.predict(parse(rows)).labels[0]
    assert len(labels) == len(rows)
    assert model.signature.task != "regression" or np.isfinite(labels.astype(float)).all()
    features = {feature.name: feature.type for feature in model.signature.features}
    return {"said": said.getvalue(), "task": model.signature.task, "features": features, "metrics": model.metrics}


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    out, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        order = json.loads(line)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if "target" in order:
                    answer = train(Path(order["path"]), order["target"], Path(order["models"]))
                else:
                    answer = read(Path(order["path"]))
        except Exception:
            answer = {"traceback": traceback.format_exc()}
        print(json.dumps(answer), file=out, flush=True)
