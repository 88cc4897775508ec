"""The default settings of the web, for verbs and tests that make the app of a project and do not serve it."""

import os

from modelapi.serving.settings import Settings

MODEL = ("model_dir", "model_sha256", "allow_pickle")  # Which model it is, is as it is set.


def use_defaults() -> None:
    """Let the environment of this process, which wins over .env, say the default of each setting of the web.

    So a wrong PORT stops no scoring, and the document is the same on every machine; the project's own settings stay.
    """
    for name, field in Settings.model_fields.items():
        if name not in MODEL:
            os.environ[name.upper()] = str(field.get_default(call_default_factory=True))
    os.environ["LOG_LEVEL"] = "error"  # That a model is loaded is no news here.
