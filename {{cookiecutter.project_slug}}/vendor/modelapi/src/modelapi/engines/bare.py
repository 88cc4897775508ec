"""Load a model as another machine would: python -m modelapi.engines.bare ENGINE MODEL SIGNATURE PROJECT.

It has the project, the libraries and no locale; of this process neither the variables nor the modules that were made or
found by a notebook.
"""

from __future__ import annotations

import os
import subprocess  # nosec B404 # It runs this module.
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from modelapi.engines import EngineError, engine_module

if TYPE_CHECKING:
    from modelapi.signature import Signature

# Where libraries are found, and whether bytecode is written; LOCPATH names a folder without locales.
KEPT = (
    "PATH",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONDONTWRITEBYTECODE",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
)
SECONDS = 300


def try_load(engine: str, content: bytes, signature: Signature, project: Path) -> None:
    """Load a model in a process with a bare environment. Raises EngineError with the reason."""
    environ = {name: os.environ[name] for name in KEPT if name in os.environ}
    with tempfile.TemporaryDirectory() as folder:
        model, described = Path(folder, "model"), Path(folder, "signature.json")
        model.write_bytes(content)
        described.write_text(signature.model_dump_json(), encoding="utf-8")
        command = [sys.executable, "-m", __name__, engine, str(model), str(described), str(project)]
        try:
            done = subprocess.run(  # nosec B603 # All of it is ours.
                command, cwd=folder, env=environ | {"LOCPATH": folder}, capture_output=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            raise EngineError(f"it does not load within {SECONDS} s in a bare environment") from None
    if done.returncode:
        *_, line = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise EngineError(f"it does not load in a bare environment: {line}")


def main(engine: str, model: str, signature: str, project: str) -> None:
    """Load the model, or exit with one line."""
    from modelapi.signature import Signature

    sys.path.insert(0, project)
    described = Signature.model_validate_json(Path(signature).read_bytes())
    try:
        engine_module(engine).load(Path(model).read_bytes(), described)
    except Exception as error:
        sys.exit(" ".join(str(error).split()) or type(error).__name__)


if __name__ == "__main__":
    main(*sys.argv[1:])
