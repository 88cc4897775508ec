"""Store the pipeline in MLflow's own format, for `mlflow models serve`."""

import os
import shutil
from pathlib import Path

import joblib
import mlflow.sklearn

model = Path(os.environ["MODEL"])
folder = model.with_suffix(".mlflow")
shutil.rmtree(folder, ignore_errors=True)
mlflow.sklearn.save_model(joblib.load(model), folder, pip_requirements=[], serialization_format="cloudpickle")
