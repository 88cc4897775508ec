"""`make plan` measures the project's own server, and the replicas that it asks for bear the load."""

import re

from tests.conftest import Installed, succeed


def test_a_plan_bears_the_load_that_it_is_for(installed: Installed) -> None:
    text = succeed("make", "plan", "RPS=20000", "P99=5000", "ROWS=2", "CORES=1", cwd=installed("fastapi"))

    def number(pattern: str) -> float:
        found = re.search(pattern, text)
        assert found, text
        return float(found[1].replace(",", ""))

    needed, rate = number(r"replicas +[\d,]+: ([\d,]+) for the load"), number(r"a worker gets ([\d,.]+) requests")
    # The rate is written in three digits.
    assert needed * rate * 1.01 >= 20_000 > (needed - 1) * rate * 0.99
    assert number(r"memory +([\d,]+) MB") > 10
    assert "\n  WORKERS=1\n  MAX_CONCURRENCY=" in text
