"""What is made from other things is up to date, and what is not the project's is as it came."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_swagger_document_is_that_of_the_current_model() -> None:
    done = subprocess.run([sys.executable, "-m", "modelapi", "docs", "--check"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
