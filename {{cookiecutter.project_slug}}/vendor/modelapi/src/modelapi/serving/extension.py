"""What ModelApi is in both frameworks: the settings and the models of an application."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelapi.engines import Adjust
from modelapi.protocols.translation import make_protocols
from modelapi.serving import openapi
from modelapi.serving.answers import Problem
from modelapi.serving.logs import configure_logs
from modelapi.serving.service import Service
from modelapi.serving.settings import Settings
from modelapi.serving.tracing import tracing


class Extension:
    """Holds the service of an application, which the server process looks for after it has imported it."""

    newest: "Extension | None" = None
    """What was initialised last in this process: whatever wraps the application, its server finds this."""

    def __init__(
        self,
        settings: Settings,
        *,
        adjust: Adjust | None = None,
        models: Mapping[str, Path | str] | None = None,
    ) -> None:
        """Take the settings, what is to be done with predictions, and more models.

        adjust : adjust(prediction, signature) returns the prediction that is answered, in JSON, tables and scoring.
        models : folders of model packages by name, each served below /models/<name>.
        """
        self.settings = settings
        self.adjust = adjust
        self.service = Service(settings, adjust=adjust, models=models)
        self.protocols = make_protocols(self.service)
        """Of other platforms."""

    def _begin(self, *, provides_spans: bool = True) -> None:
        """Begin to log and to trace, load the models and be found.

        provides_spans : whether nothing else sends them where OTEL_* says.
        """
        configure_logs(self.settings.log_level, self.settings.log_format)
        tracing.start(self.settings.project.name, provides=provides_spans)
        self.service.load()
        Extension.newest = self

    @property
    def adjust_of_scores(self) -> Adjust | None:
        """What is done with the scores of the model in MODEL_DIR: nothing if it is a second model of this API."""
        others = [host.folder for name, host in self.service.models.items() if name]
        return None if self.settings.model_dir in others else self.adjust

    def openapi(self) -> dict[str, Any]:
        """Describe the whole application, in OpenAPI 3.1. Raises a 503 Problem while there is no model."""
        return self.document()

    def document(self) -> dict[str, Any]:
        """Describe what this library serves, in OpenAPI 3.1. Raises a 503 Problem while there is no model."""
        served = {name: host.served for name, host in self.service.models.items()}
        signatures = {name: model.signature for name, model in served.items() if model}
        if "" not in signatures:
            raise Problem(503, "no model is loaded yet: try again later", headers={"Retry-After": "5"})
        return openapi.document(signatures, self.settings)
