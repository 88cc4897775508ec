"""What is made from other things is up to date, and what is not the project's is as it came."""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_swagger_document_is_that_of_the_current_model() -> None:
    command = [sys.executable, "-m", "modelapi", "docs", "--check"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_library_is_as_it_came() -> None:
    """Change it in its own repository, or replace what it does in yours: `cruft update` brings it anew."""
    vendored = ROOT / "vendor" / "modelapi"
    sums = vendored / "SHA256SUMS"  # There is none where the library comes from a package index.
    lines = sums.read_text(encoding="utf-8").splitlines() if sums.exists() else []

    changed = [
        name
        for digest, name in (line.split("  ", 1) for line in lines)
        if hashlib.sha256((vendored / name).read_bytes()).hexdigest() != digest
    ]

    assert changed == []
