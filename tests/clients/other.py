"""Write clients as they would be if the current model were another: other.py FOLDER, in a project."""

import sys
from pathlib import Path

from modelapi import package
from modelapi.client.model import Model
from modelapi.client.write import write
from modelapi.package import read_manifest
from modelapi.project import Project
from modelapi.serving.settings import Settings
from modelapi.signature import Signature

folder = package.current(Settings.load().model_dir)
signature = package.read_signature(folder)
age, sex, port = signature.features
features = [
    age.model_copy(update={"type": "integer"}),
    sex.model_copy(update={"categories": ["female", "male", "other"]}),
    port.model_copy(update={"name": "Port"}),
]
target = signature.target.model_copy(update={"classes": [0, 1, 2]})
other = Signature.model_validate(
    signature.model_dump() | {"features": [one.model_dump() for one in features], "target": target.model_dump()}
)
manifest = read_manifest(folder).model_copy(update={"version": "20200101-000000-abcdef"})
write(Path(sys.argv[1]), Model(Project(Path(), "other-api"), manifest, other, Settings.load()))
