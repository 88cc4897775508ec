"""Train the models that all servers answer with: python train.py TABLE FOLDER, where scikit-learn is installed."""

import json
import sys
from pathlib import Path

import joblib
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

FEATURES = ["Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked"]
TEXT = ["Sex", "Embarked"]
NUMBERS = [name for name in FEATURES if name not in TEXT]
ESTIMATORS = {
    "logistic": LogisticRegression(max_iter=1000),
    "forest": RandomForestClassifier(n_estimators=200, random_state=0),
}


def main(table: Path, folder: Path) -> None:
    """Store each pipeline, a hundred records, and the labels that each pipeline gives them."""
    passengers = pd.read_csv(table)
    records = passengers[FEATURES].dropna().sample(100, random_state=0)
    answers = {"records": json.loads(records.to_json(orient="records"))}
    folder.mkdir(parents=True, exist_ok=True)
    for name, estimator in ESTIMATORS.items():
        numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        text = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
        columns = ColumnTransformer([("numbers", numbers, NUMBERS), ("text", text, TEXT)])
        pipeline = make_pipeline(columns, estimator).fit(passengers[FEATURES], passengers["Survived"])
        joblib.dump(pipeline, folder / f"{name}.joblib")
        answers[name] = pipeline.predict(pd.DataFrame(answers["records"])).tolist()
    (folder / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
