"""Ray: one application on all nodes, which outlives the loss of one, and tables scored there as on one machine."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, TEMPLATE, Installed, run, succeed
from tests.server import ask, free_port, serve
from tests.test_library import install_besides

RAY = (TEMPLATE / "variants" / "deploy" / "ray" / "deploy" / "requirements.txt").read_text(encoding="utf-8").split()
ROUTE = """

@blueprint.get("/node")
def node() -> str:
    import ray

    return str(ray.get_runtime_context().get_node_id())
"""
# What a replica serves, below another server that asks an application for its start and its end.
REPLICA = """
import sys, uvicorn
from modelapi.process.target import load_target
from modelapi.project import current_project
from modelapi.ray.application import make_app, use_one_core
use_one_core()
target = load_target(current_project())
assert target.extension.settings.threads == 1
uvicorn.run(make_app(target), host="127.0.0.1", port=int(sys.argv[1]), lifespan="on", access_log=False)
"""


def test_two_nodes_score_and_serve_as_one_machine_and_one_may_die(
    installed: Installed, project: Callable[..., Path], tmp_path: Path
) -> None:
    folder = project("flask", deploy="ray")
    packages = install_besides(installed("flask"), RAY, tmp_path)
    with (folder / "api" / "routes.py").open("a", encoding="utf-8") as routes:
        routes.write(ROUTE)

    with tempfile.TemporaryDirectory(prefix="ray-") as short:  # The paths of its sockets may have 107 bytes.
        said = succeed(
            *(folder / ".venv" / "bin" / "python", ROOT / "tests" / "ray_cluster.py", free_port()),
            cwd=folder,
            PYTHONPATH=f"{packages}:{folder}",
            RAY_TMPDIR=short,
            RAY_USAGE_STATS_ENABLED="0",
            RAY_SERVE_PROXY_PREFER_LOCAL_NODE_ROUTING="0",
        )

    became = json.loads(said.splitlines()[-1])
    assert became["scored"] == {"same": True, "bad": True, "rows": 1307, "parts": 5}
    served = became["served"]
    assert (served["lost"], served["status"], served["nodes"], served["ready"]) == ([], 200, 2, 200)
    assert served["answered"] > 200


@pytest.mark.parametrize("framework", ["fastapi", "flask"])
def test_a_replica_is_the_application_and_knows_who_asks(project: Callable[..., Path], framework: str) -> None:
    folder = project(framework, deploy="ray")
    replica = (".venv/bin/python", "-c", REPLICA, "{port}")
    body = b'[{"Age": 24, "Sex": "female", "Embarked": "C"}]'

    with serve(folder, replica, TRUSTED_PROXIES="127.0.0.1", RATE_LIMIT="1/hour") as port:
        answers = [
            ask(port, "POST", "/predict", {"Content-Type": "application/json", "X-Forwarded-For": address}, body)
            for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1")
        ]

    assert [status for status, _, _ in answers] == [200, 200, 429]
    assert answers[0][2] == b'{"prediction":[1]}'


def test_scoring_on_ray_without_ray_says_what_to_install(project: Callable[..., Path]) -> None:
    folder = project("fastapi", deploy="none")

    done = run(".venv/bin/modelapi", "score", "--ray", "--input", "tables", "--output", "scored", cwd=folder)

    assert done.returncode == 1
    assert done.stderr == "Not scored: --ray needs ray, which is not installed: install modelapi[ray]\n"
