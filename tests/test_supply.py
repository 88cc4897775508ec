"""What projects are built from is pinned, checked and kept fresh, and their secrets stay where they are."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Bake, run


@pytest.mark.parametrize("name", ["common", "develop"])
def test_pins_say_how_they_are_compiled_for_the_bots(bake: Bake, name: str) -> None:
    pins = bake() / "requirements" / f"{name}.txt"

    command = pins.read_text(encoding="utf-8").splitlines()[1]

    assert command == f"#    uv pip compile --universal --python-version=3.11 --output-file={name}.txt {name}.in"


def test_make_check_refuses_what_is_unsafe(project: Callable[..., Path]) -> None:
    folder = project("fastapi")
    unsafe = '"""Obeys."""\n\nimport os\n\n\ndef obey(order: str) -> None:\n    """Obey."""\n    os.system(order)\n'
    (folder / "model" / "obey.py").write_text(unsafe, encoding="utf-8")

    done = run("make", "check", cwd=folder)

    assert done.returncode != 0
    assert "B605:start_process_with_a_shell" in done.stdout
