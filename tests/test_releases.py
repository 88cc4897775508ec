"""A version is one: in the changelog, in the tag, in the README, and in the library's own files."""

import re
import tomllib
from pathlib import Path

from tests.conftest import ROOT, TEMPLATE, succeed

FIRST = "1.0.0"


def headings(folder: Path) -> list[str]:
    """List the versions of a changelog, the newest first."""
    text = (folder / "CHANGELOG.md").read_text(encoding="utf-8")
    return [line.split()[0] for line in re.findall(r"^## (.+)$", text, re.MULTILINE)]


def released(folder: Path) -> list[str]:
    return [version for version in headings(folder) if version != "Unreleased"]


def test_versions_go_up_and_what_is_not_released_is_on_top() -> None:
    for folder in (ROOT, TEMPLATE / "vendor" / "modelapi"):
        assert "Unreleased" not in headings(folder)[1:]
        numbers = [tuple(map(int, version.split("."))) for version in released(folder)]
        assert all(len(number) == 3 for number in numbers)
        assert numbers == sorted(set(numbers), reverse=True)


def test_the_readme_shows_how_to_follow_the_newest_release() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    newest = [*released(ROOT), FIRST][0]

    shown = re.findall(r"\bv(\d+\.\d+\.\d+)", readme.partition("## Follow the template")[2])

    assert shown == [newest] * 3


def test_every_tag_is_a_version_of_the_changelog() -> None:
    tags = set(succeed("git", "tag", "--list", "v*", cwd=ROOT).split())
    here = set(succeed("git", "tag", "--list", "v*", "--points-at", "HEAD", cwd=ROOT).split())

    assert tags <= {f"v{version}" for version in released(ROOT)}
    assert here <= {f"v{headings(ROOT)[0]}"}, "a release has nothing that is not released"


def test_the_library_has_one_version() -> None:
    folder = TEMPLATE / "vendor" / "modelapi"
    module = (folder / "src" / "modelapi" / "__init__.py").read_text(encoding="utf-8")

    written = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

    assert re.findall(r'^__version__ = "(.+)"$', module, re.MULTILINE) == [written]
    assert released(folder)[0] == written
