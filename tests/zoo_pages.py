"""Compare pages with the packages that they would be made of: python zoo_pages.py FOLDER NAME…

Runs in the environment of a generated project, on what zoo.py has packaged. It lists in JSON by name why a page is not
the model, on 1,000 records with gaps and unknown categories.
"""

import json
import sys
from pathlib import Path

from modelapi import package
from modelapi.engines import EngineError
from modelapi.page import html, parity
from modelapi.page.contents import contents
from modelapi.page.draw import draw
from modelapi.project import current_project


def main(folder: Path, names: list[str]) -> None:
    """Print why pages are not what they should be."""
    project = current_project()
    files = html.find_files(project.root)
    refused = {}
    for name in names:
        current = package.current(folder / name / "artifacts")
        model = package.load(current)
        records = draw(model.signature, 1_000, "ignore", [])
        assert sum(record.get("Age") is None for record in records) > 50
        assert sum(record.get("Sex") == "never seen in training" for record in records) > 50
        try:
            content = contents(model, (current / "model.onnx").read_bytes(), project, "ignore")
            parity.check(model, content, records, files, policy="ignore")
        except EngineError as error:
            refused[name] = str(error)
    print(json.dumps(refused))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
