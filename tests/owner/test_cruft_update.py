"""A new version of the library arrives beside everything that an owner has made their own, without a conflict."""

from pathlib import Path

import pytest

from tests.conftest import FRAMEWORKS, succeed
from tests.owner.conftest import append, edit
from tests.test_cruft import IDENTITY, NAME, commit, git
from tests.test_cruft import template as template

LIBRARY = Path("vendor", "modelapi")


def make_ten_edits(project: Path, framework: str) -> list[str]:
    """Edit as owners do, in ten files."""
    app = {"fastapi": "router", "flask": "blueprint"}[framework]
    append(project / "api" / "routes.py", f'\n\n@{app}.get("/mine")\ndef mine() -> dict[str, int]:\n    return {{}}\n')
    edit(project / "api" / "errors.py", "(RFC 9457)", "(RFC 9457), with our own words")
    edit(project / "api" / "settings.py", 'PAGE_SIZE."""\n', 'PAGE_SIZE."""\n\n    page_size: int = 20\n')
    edit(project / "api" / "handlers" / "adjust.py", "    return prediction\n", "    return prediction.replace()\n")
    edit(project / "steps" / "train.py", "max_iter=1_000", "max_iter=2_000")
    edit(project / "README.md", "# Titanic Survival API\n", "# Who survived?\n")
    append(project / "Makefile", "\ndeploy: ## Put it where it runs\n\tbin/deploy\n")
    edit(project / "pyproject.toml", 'version = "0.1.0"', 'version = "1.2.3"')
    edit(project / "Dockerfile", "COPY api api\n", "COPY api api\nCOPY lists lists\n")
    append(project / "api" / "passengers.py", '"""Passengers."""\n')
    return [line[3:] for line in git(project, "status", "--porcelain").splitlines()]


def release(template: Path) -> None:
    """Change the library in the template: a file, a new one, one that goes, and the sums of all."""
    library = template / "{{cookiecutter.project_slug}}" / LIBRARY
    edit(library / "pyproject.toml", 'version = "', 'version = "9.')
    edit(library / "src" / "modelapi" / "serving" / "rates.py", '"""', '"""Mended. ')
    append(library / "src" / "modelapi" / "serving" / "added.py", '"""Added."""\n')
    (library / "SECURITY.md").unlink()
    succeed("bin/seal", cwd=template)
    commit(template, "A release of the library")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_release_of_the_library_conflicts_with_no_edit_of_the_owners(
    template: Path,
    tmp_path: Path,
    framework: str,
) -> None:
    answers = f'{{"framework": "{framework}"}}'
    succeed(
        "cruft", "create", template, "--no-input", "--extra-context", answers, "--output-dir", tmp_path / "out",
        cwd=tmp_path, **IDENTITY,
    )  # fmt: skip
    project = tmp_path / "out" / NAME
    git(project, "init", "--quiet", "--initial-branch=main")
    commit(project, "The project")
    edited = make_ten_edits(project, framework)
    commit(project, "Ten edits of ours")
    ours = {name: (project / name).read_bytes() for name in edited}
    release(template)

    printed = succeed("cruft", "update", "--skip-apply-ask", cwd=project, **IDENTITY)

    changed = {line[3:] for line in git(project, "status", "--porcelain", "--untracked-files=all").splitlines()}
    assert len(ours) == 10
    assert {name: (project / name).read_bytes() for name in edited} == ours
    assert "conflict" not in printed.lower()
    assert not git(project, "diff", "--name-only", "--diff-filter=U")
    assert changed == {
        ".cruft.json",
        *(
            (LIBRARY / name).as_posix()
            for name in ("pyproject.toml", "src/modelapi/serving/rates.py", "src/modelapi/serving/added.py",
                         "SECURITY.md", "SHA256SUMS")
        ),
    }  # fmt: skip
    succeed("cruft", "check", cwd=project, **IDENTITY)
