"""Write real tables that ship inside packages as CSV files: python tables.py FOLDER, where scikit-learn is installed.

The template's own environment writes those of palmerpenguins and vega_datasets: see test_tables.py.
"""

import sys
from pathlib import Path

from sklearn import datasets

if __name__ == "__main__":
    for name in ("iris", "wine", "breast_cancer", "diabetes", "digits", "linnerud"):
        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        frame.to_csv(Path(sys.argv[1]) / f"{name}.csv", index=False)
