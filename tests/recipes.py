"""The recipes of a project, as edits: what docs/recipes.md says is done to the files that it names."""

import ast
import re
import subprocess
from pathlib import Path

Block = tuple[str, str]


def read_recipes(project: Path) -> dict[int, list[Block]]:
    """Return the blocks of code of each recipe, with their languages."""
    text = (project / "docs" / "recipes.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (\d+)\. .*$", text, flags=re.MULTILINE)[1:]
    fence = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return {int(number): fence.findall(part) for number, part in zip(parts[::2], parts[1::2], strict=True)}


def follow(project: Path, number: int) -> None:
    """Do what a recipe says."""
    for language, block in read_recipes(project)[number]:
        if language == "console":
            subprocess.run(["bash", "-euc", block], cwd=project, check=True, capture_output=True)
            continue
        first, _, body = block.partition("\n")
        path = project / first.strip(" #")
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(patch(text, body) if language == "diff" else merge(text, body), encoding="utf-8")


def patch(text: str, diff: str) -> str:
    """Put the lines with a plus in the place of those with a minus, and new imports before those that are there."""
    lines = diff.splitlines()
    imports = [line[1:] for line in lines if re.match(r"\+(from|import) ", line)]
    others = [line for line in lines if line[1:] not in imports]
    old = "\n".join(line[1:] for line in others if line[:1] != "+")
    new = "\n".join(line[1:] for line in others if line[:1] != "-")
    assert text.count(old) == 1, f"the file holds {text.count(old)} times:\n{old}"
    return with_imports(text.replace(old, new), imports)


def merge(text: str, code: str) -> str:
    """Add code: imports before those that are there, functions in the place of those of their name."""
    if not text.strip() or not code.lstrip().startswith(("from", "import", "def", "async", "@")):
        return code  # The whole of a file.
    own, added, lines = _parts(text), _parts(code), text.splitlines()
    imports = [line for name, part in added if name == "import" for line in part]
    for name, part in added:
        before = next((other for known, other in own if known == name and name not in ("", "import")), None)
        if before:
            at = next(at for at in range(len(lines)) if lines[at : at + len(before)] == before)
            lines[at : at + len(before)] = part
        elif name != "import":
            lines += ["", "", *part]
    return with_imports("\n".join(lines) + "\n", imports)


def with_imports(text: str, imports: list[str]) -> str:
    first = next((line for line in text.splitlines() if line.startswith(("from ", "import "))), None)
    assert first or not imports
    return text.replace(f"{first}\n", "".join(f"{line}\n" for line in [*imports, first]), 1) if imports else text


def _parts(code: str) -> list[tuple[str, list[str]]]:
    """Name the statements of a module: import, the name of a function, or nothing."""
    lines, found = code.splitlines(), []
    for node in ast.parse(code).body:
        decorators = [decorator.lineno for decorator in getattr(node, "decorator_list", [])]
        part = lines[min([node.lineno, *decorators]) - 1 : node.end_lineno]
        is_import = isinstance(node, ast.Import | ast.ImportFrom)
        found.append(("import" if is_import else getattr(node, "name", ""), part))
    return found
