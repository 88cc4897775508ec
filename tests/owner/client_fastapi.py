"""Ask the application by FastAPI's test client; it is run in the project's environment (see conftest.py)."""

import json
import os
import sys

from fastapi.testclient import TestClient

sys.path.insert(0, os.getcwd())
from api.app import create_app

with TestClient(create_app()) as client, os.fdopen(int(sys.argv[1]), "w") as out:
    for line in sys.stdin:
        method, target, headers, body = json.loads(line)
        answer = client.request(method, target, headers=headers, content=body.encode())
        print(
            json.dumps([answer.status_code, dict(answer.headers), answer.content.decode("latin-1")]),
            file=out,
            flush=True,
        )
