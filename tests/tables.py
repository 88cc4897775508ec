"""Write real tables that ship inside packages as CSV files: python tables.py FOLDER, where scikit-learn is installed.

The template's own environment writes those of palmerpenguins and vega_datasets: see test_tables.py.
"""

import csv
import gzip
import sys
from pathlib import Path

import sklearn
from sklearn import datasets

ARFF = Path(sklearn.__file__).parent / "datasets" / "tests" / "data" / "openml"
# Public tables of OpenML by which scikit-learn tests its reader, with gaps marked as there: ? and _.
OPENML = {
    "kr_vs_kp": "id_3/data-v1-dl-3",
    "zoo": "id_62/data-v1-dl-52352",
    "cpu": "id_561/data-v1-dl-52739",
    "glass2": "id_40675/data-v1-dl-4965250",
    "titanic_openml": "id_40945/data-v1-dl-16826755",
    "penguins_openml": "id_42585/data-v1-dl-21854866",
}


def rows_of(text: str) -> list[list[str]]:
    """List the names of an ARFF file, and its rows."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("%")]
    start = next(place for place, line in enumerate(lines) if line.lower() == "@data")
    attributes = [line.split(None, 1)[1] for line in lines[:start] if line.lower().startswith("@attribute")]
    names = [next(csv.reader([line.replace("\t", " ")], delimiter=" ", quotechar="'"))[0] for line in attributes]
    mark = "'" if "'" in "".join(lines[start:][:5]) else '"'
    return [names, *csv.reader(lines[start + 1 :], quotechar=mark, escapechar="\\", skipinitialspace=True)]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for name in ("iris", "wine", "breast_cancer", "diabetes", "digits", "linnerud"):
        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        frame.to_csv(folder / f"{name}.csv", index=False)
    for name, path in OPENML.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows_of(gzip.decompress((ARFF / f"{path}.arff.gz").read_bytes()).decode()))
