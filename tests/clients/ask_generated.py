"""Ask an API by what openapi-generator made of its document, and print what came of it: ask_generated.py URL."""

import json
import sys

from generated import ApiClient, Configuration, PredictionsApi, PredictRequest, Record
from generated.exceptions import UnprocessableEntityException

with ApiClient(Configuration(host=sys.argv[1])) as client:
    api = PredictionsApi(client)
    girl = Record(Age=3, Sex="female")
    one = api.predict_with_http_info(PredictRequest(girl), probabilities=True)
    many = api.predict(PredictRequest([girl, Record(Sex="male")]))
    try:
        api.predict(PredictRequest([Record.model_construct(sex="neither")]))
        refused = None
    except UnprocessableEntityException as error:
        refused = [fault.to_dict() for fault in error.data.errors]
shares = one.data.to_dict()["probability"]
print(json.dumps([one.data.prediction, shares, one.headers["x-model-version"], many.prediction, refused]))
