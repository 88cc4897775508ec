"""Plan how many replicas a load needs: measures the API on this machine, and simulates the queue before its workers.

It serves the project on one core, asks it for records drawn from what the model takes, and prints replicas, cores,
memory and settings. The last digits differ from run to run: plan on a quiet machine of the kind that will serve.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence

from modelapi.options import Options
from modelapi.package import PackageError, current, read_signature
from modelapi.project import current_project
from modelapi.settings import SettingsError, cores


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the plan, or exit with one line that says why there is none."""
    parser = Options("plan", "Not planned", str(__doc__), "--rps 5000 --p99 50", "--rps 200 --p99 100 --rows 1000")
    parser.add_argument("--rps", type=_above_zero, help="requests a second, of all clients together")
    parser.add_argument("--p99", type=_above_zero, help="milliseconds in which 99 of 100 requests are answered")
    parser.add_argument("--rows", type=_whole, default=1, help="records of a request (1)")
    parser.add_argument(
        "--cores", type=_whole, default=cores(), help="cores of a replica, at most (as many as are here)"
    )
    options = parser.read(arguments, "rps", "p99")

    from modelapi.planning.measure import MeasureError, measure, write_requests
    from modelapi.planning.sizing import PlanError, Target, plan
    from modelapi.planning.words import describe
    from modelapi.process.preflight import load_settings

    project = current_project()
    target = Target(options.rps, options.p99 / 1e3, options.cores)
    try:
        settings = load_settings(project)
        requests = write_requests(read_signature(current(settings.model_dir)), options.rows)
        if options.rows > settings.max_rows or max(map(len, requests)) > settings.max_body_bytes:
            raise SettingsError("the API refuses so many records at once: say fewer ROWS, or raise its limits")
        measured = measure(project, requests)
        print(describe(project.title, options.rows, measured, target, plan(measured, target)))
    except (SettingsError, PackageError, MeasureError, PlanError) as error:
        sys.exit(f"Not planned: {error}")


def _above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError("say a number above 0")
    return number


def _whole(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError("say a whole number, 1 or more")
    return int(text)
