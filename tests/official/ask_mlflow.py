"""Ask by MLflow's client of its scoring server, as `spark_udf` does, and by its client of deployments."""

import json
from typing import Any

import pandas as pd
from cases import Case, run
from mlflow.deployments import get_deploy_client
from mlflow.pyfunc.scoring_server.client import ScoringServerClient


def predict(case: Case) -> list[Any]:
    host, _, port = case.netloc.partition(":")
    client, frame = ScoringServerClient(host, int(port)), pd.DataFrame(case.records)
    client.ping()
    assert client.get_version().startswith("3.")
    refuse(client, frame.assign(Age="old"))
    if "probability" in case.answer:
        more = client.invoke(frame, params={"probabilities": True})["predictions"]
        assert [entry["probability"] for entry in more] == case.answer["probability"]
    assert len(client.invoke(frame).get_predictions()) == len(case.records)
    deployed = get_deploy_client(case.url).predict(endpoint=case.name, inputs={"dataframe_records": case.records})
    predictions: list[Any] = client.invoke(frame)["predictions"]
    assert deployed["predictions"] == predictions
    return predictions


def refuse(client: ScoringServerClient, frame: pd.DataFrame) -> None:
    try:
        client.invoke(frame)
    except Exception as error:  # It has no type of its own.
        said = json.loads(str(error).partition("response: ")[2].removesuffix(")"))
        assert said["error_code"] == "BAD_REQUEST"
        assert "/0/Age: must be a number" in said["message"]
        return
    raise AssertionError("it was not refused")


if __name__ == "__main__":
    run(predict)
