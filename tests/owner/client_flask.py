"""Ask the application by Flask's test client; it is run in the project's environment (see conftest.py)."""

import json
import os
import sys

sys.path.insert(0, os.getcwd())
from api.app import create_app

client = create_app().test_client()
with os.fdopen(int(sys.argv[1]), "w") as out:
    for line in sys.stdin:
        method, target, headers, body = json.loads(line)
        with client.open(target, method=method, headers=headers, data=body.encode()) as answer:
            received = {name.lower(): value for name, value in answer.headers.items()}
            content = answer.data.decode("latin-1")
        print(json.dumps([answer.status_code, received, content]), file=out, flush=True)
