"""Refuse a project_slug that could not name a folder, an image or a package."""

import json
import re
import sys

SLUG = json.loads(r"""{{ cookiecutter | tojson }}""")["project_slug"]

if not re.fullmatch(r"[a-z]([a-z0-9-]{0,58}[a-z0-9])?", SLUG):
    sys.exit(
        "project_slug must be 1 to 60 lower-case letters, digits and hyphens, start with a letter "
        "and not end with a hyphen: type for example titanic-api"
    )
