"""What projects are built from is pinned, checked and kept fresh, and their secrets stay where they are."""

import pytest

from tests.conftest import Bake


@pytest.mark.parametrize("name", ["common", "develop"])
def test_pins_say_how_they_are_compiled_for_the_bots(bake: Bake, name: str) -> None:
    pins = bake() / "requirements" / f"{name}.txt"

    command = pins.read_text(encoding="utf-8").splitlines()[1]

    assert command == f"#    uv pip compile --universal --python-version=3.11 --output-file={name}.txt {name}.in"
