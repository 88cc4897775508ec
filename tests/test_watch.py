"""What is watched is exact on a real server, and Prometheus and Grafana find what they ask for."""

import json
import math
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import Installed, skip_on_laptop, succeed
from tests.server import PATIENCE, ask, free_port, serve, start, stop
from tests.test_workers import needs_proc, wait_for_workers

JSON = {"Content-Type": "application/json"}
PASSENGER = {"Age": 24, "Sex": "female", "Embarked": "C"}
CANARY = "canary-4711"
CANARY_NUMBER = 8_046_173_925.5  # Long: no time or count in a metric holds these digits by chance.
INDEX = 0.4 * (math.log(1.8) - math.log(0.2))  # Of nine in ten where there was one in two.


def rule_test(rules: Path) -> dict[str, Any]:
    """Write what promtool tests rules with: two replicas, one of which answers nine times as often, and another bin."""
    labels = 'job="api",version="1",feature="x"'
    counts = {("1", "a"): 9, ("1", "b"): 0, ("2", "a"): 0, ("2", "b"): 1}
    series = {f'model_feature_baseline{{{labels},bin="{name}"}}': "500000x400" for name in "ab"}
    for (instance, name), step in counts.items():
        series[f'model_feature_values_total{{{labels},bin="{name}",instance="{instance}"}}'] = f"0+{step}x400"
    index = {
        "expr": f"abs(model:feature_psi:6h - {INDEX}) < bool 0.01",
        "eval_time": "6h",
        "exp_samples": [{"labels": f"{{{labels}}}", "value": 1}],
    }
    alert = {
        "exp_labels": {"severity": "warning", "job": "api", "version": "1", "feature": "x"},
        "exp_annotations": {
            "summary": "x is not what the model was trained on",
            "description": f"The index of the last 6 hours is {INDEX:.2f}; above 0.2 much has changed. "
            "Compare the bins, and train again.",
        },
    }
    alerts = [
        {"alertname": "ModelInputsDrifted", "eval_time": "30m", "exp_alerts": []},
        {"alertname": "ModelInputsDrifted", "eval_time": "6h", "exp_alerts": [alert]},
    ]
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    test = {"interval": "1m", "input_series": inputs, "promql_expr_test": [index], "alert_rule_test": alerts}
    return {"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": [test]}


def predict(port: int, records: object) -> str:
    """Ask for predictions, and name the version that made them."""
    status, headers, body = ask(port, "POST", "/predict", JSON, json.dumps(records).encode())
    assert status == 200, body
    return headers["x-model-version"]


def read(port: int) -> dict[str, dict[str, float]]:
    """Read the metrics: the values of each name, by labels."""
    found: dict[str, dict[str, float]] = {}
    for line in ask(port, "GET", "/metrics")[2].decode().splitlines():
        if match := re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line):
            found.setdefault(match[1], {})[match[2] or ""] = float(match[3])
    return found


def until(is_so: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := is_so()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@needs_proc
def test_counts_are_exact_over_two_workers_a_kill_and_a_swap(installed: Installed, tmp_path: Path) -> None:
    project = installed("fastapi")
    models = shutil.copytree(project / "artifacts", tmp_path / "artifacts")
    first = (models / "CURRENT").read_text().strip()
    succeed(".venv/bin/modelapi", "train", cwd=project, MODEL_DIR=str(models))
    second = (models / "CURRENT").read_text().strip()
    (models / "CURRENT").write_text(first)
    odd = PASSENGER | {"Sex": CANARY, "Age": CANARY_NUMBER}
    process, port, log = start(
        project, WORKERS="2", MODEL_DIR=str(models), UNKNOWN_CATEGORIES="ignore", LOG_LEVEL="debug"
    )
    try:
        one, _ = wait_for_workers(port, 2)
        assert {predict(port, PASSENGER) for _ in range(40)} == {first}
        os.kill(one, signal.SIGKILL)
        other, _ = wait_for_workers(port, 2, gone=one)
        assert {predict(port, [PASSENGER, odd]) for _ in range(40)} == {first}
        (models / "CURRENT").write_text(second)
        n_rows = 120
        versions: list[str] = []
        deadline = time.monotonic() + PATIENCE
        while versions[-20:] != [second] * 20:  # Whichever worker is asked.
            assert time.monotonic() < deadline
            versions.append(predict(port, PASSENGER))
        versions += [predict(port, [odd | {"Sex": "female"}] * 100) for _ in range(20)]
        n_rows += len(versions) + 20 * 99
        strange = json.dumps([PASSENGER, PASSENGER | {"Age": CANARY}]).encode()
        assert {ask(port, "POST", "/predict", JSON, strange)[0] for _ in range(20)} == {422}

        metrics = read(port)
        folder = {Path(os.readlink(file)).parent for file in Path(f"/proc/{other}/fd").iterdir() if is_lock(file)}.pop()
        files = [*folder.iterdir(), *models.rglob("*"), log]
        texts = [path.read_bytes() for path in files if path.is_file()] + [ask(port, "GET", "/metrics")[2]]
    finally:
        stop(process)

    assert sum(metrics["model_watched_rows_total"].values()) == n_rows
    assert sum(metrics["model_predictions_total"].values()) == n_rows
    for name in PASSENGER:
        counts = {labels: count for labels, count in metrics["model_feature_values_total"].items() if name in labels}
        assert sum(counts.values()) == n_rows
    assert sum(metrics["model_feature_unknown_total"].values()) == 40
    assert sum(metrics["model_feature_out_of_range_total"].values()) == 40 + 2_000
    refused = {labels: count for labels, count in metrics["model_feature_refused_total"].items() if count}
    assert sum(refused.values()) == 20
    assert all('feature="Age"' in labels for labels in refused)
    drifts = {labels: drift for labels, drift in metrics["model_feature_psi"].items() if drift > 0.2}
    assert {re.sub(r'.*feature="(\w+)".*', r"\1", labels) for labels in drifts} == {"Age", "Sex", "Embarked"}
    assert all(second in labels for labels in drifts)
    for sent in (CANARY, "8046173925", "8.046173925"):
        assert not any(sent.encode() in text for text in texts)


def is_lock(handle: Path) -> bool:
    return os.readlink(handle).endswith(".lock")


def test_prometheus_finds_all_that_rules_and_dashboard_ask_for(installed: Installed, tmp_path: Path) -> None:
    if not shutil.which("prometheus"):
        skip_on_laptop("prometheus is not installed")
    deploy = installed("fastapi") / "deploy"
    rules = deploy / "prometheus" / "rules.yaml"
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(rule_test(rules)), encoding="utf-8")
    succeed("promtool", "check", "config", deploy / "prometheus" / "prometheus.yaml", cwd=tmp_path)
    succeed("promtool", "test", "rules", "test.yaml", cwd=tmp_path)

    with serve(installed("fastapi")) as port, prometheus(tmp_path, deploy, port) as query:
        predict(port, PASSENGER)
        until(lambda: query('query?query=http_requests_total{route="/predict"}')["result"])
        predict(port, [PASSENGER | {"Age": 79}] * 600)
        until(lambda: query("query?query=model:feature_psi:6h")["result"])
        until(lambda: query('query?query=ALERTS{alertname="ModelInputsShifted",feature="Age"}')["result"])
        groups = query("rules")["groups"]
        empty = [expr for expr in expressions(deploy / "grafana" / "dashboard.json") if not result(query, expr)]

    assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
    assert empty == []


def expressions(dashboard: Path) -> Iterator[str]:
    """List what the panels ask, with the choices that a reader makes."""
    chosen = {"$__rate_interval": "1m", "$__range": "1m", "$model": ".*", "$feature": "Age", "$target": "Survived"}
    for panel in json.loads(dashboard.read_text(encoding="utf-8"))["panels"]:
        for target in panel.get("targets", []):
            expr = target["expr"]
            for name, value in chosen.items():
                expr = expr.replace(name, value)
            assert "$" not in expr
            yield expr


def result(query: Callable[[str], Any], expr: str) -> Any:
    return query(f"query?query={urllib.parse.quote(expr)}")["result"]


@contextmanager
def prometheus(folder: Path, deploy: Path, port: int) -> Iterator[Callable[[str], Any]]:
    """Run Prometheus as the project configures it, but quicker; yields what asks its API."""
    config = yaml.safe_load((deploy / "prometheus" / "prometheus.yaml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms"}
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{port}"]
    config["rule_files"] = [str(deploy / "prometheus" / "rules.yaml")]
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    own = free_port()
    options = (f"--web.listen-address=127.0.0.1:{own}", f"--storage.tsdb.path={folder / 'data'}")
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            ["prometheus", f"--config.file={folder / 'prometheus.yaml'}", *options],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def query(target: str) -> Any:
        try:
            status, _, body = ask(own, "GET", f"/api/v1/{target}".replace("{", "%7B").replace("}", "%7D"))
        except OSError:  # It starts.
            return {"result": []}
        if status == 503:  # As well.
            return {"result": []}
        assert status == 200, body
        return json.loads(body)["data"]

    try:
        yield query
    finally:
        stop(process)
