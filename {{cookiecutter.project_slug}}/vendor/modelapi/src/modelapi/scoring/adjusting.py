"""What a project does with predictions before anything is made of them, so that a score is what its API answers."""

from __future__ import annotations

from modelapi.engines import Adjust
from modelapi.project import Project
from modelapi.settings import SettingsError


class ApiError(ValueError):
    """An API that cannot be made, so that nobody knows what it does with predictions."""


def find_adjust(project: Project) -> Adjust | None:
    """Return what the project's API does with predictions of the model that MODEL_DIR names, if it does anything.

    Raises ApiError or SettingsError.
    """
    if not (project.root / "api" / "app.py").is_file():
        return None
    try:
        # The web, which a project without an API does not need.
        from modelapi.process.target import load_api
        from modelapi.serving.defaults import use_defaults

        use_defaults()
        adjust: Adjust | None = load_api(project).adjust_of_scores
    except SettingsError:
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ApiError(f"the API, whose adjust is to be applied, cannot be made ({said})") from error
    return adjust
