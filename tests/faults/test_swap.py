"""A new model is taken up between requests; a bad one is refused, and what was served goes on."""

import asyncio
import csv
import itertools
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import FRAMEWORKS, succeed
from tests.faults.load import PASSENGER, Answer, Results, ask, load, request
from tests.server import PATIENCE, serve

SWAPS = 50
BAD = 5


def train_the_opposite(project: Path) -> None:
    """Train a model that takes the same and answers the contrary."""
    with (project / "data" / "titanic.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["Survived"] = str(1 - int(row["Survived"]))
    opposite = project / "opposite.csv"
    with opposite.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    features = ",".join(PASSENGER)
    succeed("make", "train", f"DATA={opposite}", "TARGET=Survived", f"FEATURES={features}", cwd=project)


def spoil(project: Path, version: str, number: int) -> str:
    """Make a bad package of a good one, each in another way."""
    bad = f"{version}-bad{number}"
    folder = project / "artifacts" / bad
    shutil.copytree(project / "artifacts" / version, folder)
    manifest = folder / "manifest.json"
    content = json.loads(manifest.read_text()) | {"version": bad}
    match number % BAD:
        case 0:
            model = folder / "model.onnx"
            model.write_bytes(model.read_bytes()[:-1] + b"\0")
        case 1:
            (folder / "signature.json").unlink()
        case 2:
            content["files"]["../CURRENT"] = content["files"]["card.html"]
        case 3:
            content["libraries"]["onnxruntime"] = "0.1"
        case 4:
            content["version"] = version
    manifest.write_text(json.dumps(content))
    return bad


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_models_are_swapped_under_load(project: Callable[..., Path], framework: str, soak: int) -> None:
    folder = project(framework)
    current = folder / "artifacts" / "CURRENT"
    versions = [current.read_text().strip()]
    train_the_opposite(folder)
    versions.append(current.read_text().strip())
    bad = [spoil(folder, versions[0], number) for number in range(BAD)]

    async def swap_to(version: str, results: Results) -> None:
        """Move CURRENT, and wait until all clients get answers of it."""
        pointer = folder / "artifacts" / ".pointer"
        pointer.write_text(version + "\n")
        pointer.replace(current)
        deadline = time.monotonic() + PATIENCE
        expected = version if version in versions else None
        while expected and {answer.headers["x-model-version"] for answer in results.answers[-100:]} != {expected}:
            assert time.monotonic() < deadline, "the model was not taken up"
            await asyncio.sleep(0.02)

    async def all_swaps() -> Results:
        with serve(folder, WORKERS="2") as port:
            async with load(port, clients=8) as results:
                turn = itertools.cycle(versions)
                for number in range(SWAPS * soak):
                    if number % 10 == 9:
                        await swap_to(bad[number // 10 % BAD], results)
                        await wait_for_warning(port)
                    else:
                        await swap_to(next(turn), results)
            return results

    results = asyncio.run(all_swaps())

    assert results.lost == {}
    assert set(results.statuses) == {200}
    predicted = {(answer.headers["x-model-version"], answer.body) for answer in results.answers}
    assert predicted == {(versions[0], b'{"prediction":[1]}'), (versions[1], b'{"prediction":[0]}')}


async def wait_for_warning(port: int) -> Answer:
    """Wait until /ready of a worker says that a model was refused."""
    deadline = time.monotonic() + PATIENCE
    while b"warning" not in (answer := await ask(port, request("GET", "/ready"))).body:
        assert time.monotonic() < deadline, "no warning"
        await asyncio.sleep(0.05)
    assert answer.status == 200
    return answer


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_worker_that_starts_while_the_newest_model_is_bad_serves_the_one_before(
    project: Callable[..., Path], framework: str
) -> None:
    folder = project(framework)
    current = folder / "artifacts" / "CURRENT"
    good = current.read_text().strip()

    async def ask_a_new_worker() -> None:
        with serve(folder, WORKERS="1", MAX_REQUESTS="200", SHUTDOWN_DELAY="0.1") as port:
            current.write_text(spoil(folder, good, 0) + "\n")
            await wait_for_warning(port)
            async with load(port, clients=4) as results:
                while len(results.answers) < 1_000:  # Of several workers.
                    await asyncio.sleep(0.02)
            assert set(results.statuses) == {200}
            assert results.lost == {}
            assert {answer.headers["x-model-version"] for answer in results.answers} == {good}
            assert json.loads((await wait_for_warning(port)).body)["model"]["version"] == good

    asyncio.run(ask_a_new_worker())
