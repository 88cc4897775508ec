"""Lay the chosen variants over the project: variants/<question>/<answer>/ for every question."""

import json
import shutil
from pathlib import Path

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")

for question in sorted(Path("variants").iterdir()):
    chosen = question / ANSWERS[question.name]
    if chosen.is_dir():  # An answer that adds no file has no folder.
        shutil.copytree(chosen, ".", dirs_exist_ok=True)
shutil.rmtree("variants")

if ANSWERS["_example"]:  # Who brings a model says what is next.
    print(f"\nNext: cd {ANSWERS['project_slug']} && make develop train start")
