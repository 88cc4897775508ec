"""The service behind the routes: its settings and the model that it serves."""

from dataclasses import dataclass

from api.logs import get_logger
from api.settings import Settings
from model import package
from model.package import Package, PackageError
from model.records import MAX_FAULTS, RecordParser

log = get_logger("api.service")


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A loaded model package and the parser of its requests."""

    package: Package
    parser: RecordParser

    @property
    def version(self) -> str:
        """The version that X-Model-Version names."""
        return self.package.manifest.version


class Service:
    """Holds the current model; without one the API is alive, but not ready."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.model: ServedModel | None = None

    def load(self) -> None:
        """Load the current model package; a bad one is logged and leaves the service not ready."""
        try:
            loaded = package.load(package.current(self.settings.model_dir), allow_pickle=self.settings.allow_pickle)
        except PackageError as error:
            log.error("model not loaded", reason=str(error))
            return
        parser = RecordParser(
            loaded.signature,
            max_rows=self.settings.max_rows,
            max_faults=MAX_FAULTS,
            unknown_categories=self.settings.unknown_categories,
            unknown_fields=self.settings.unknown_fields,
        )
        self.model = ServedModel(loaded, parser)
        log.info("model loaded", version=self.model.version, engine=loaded.manifest.engine)
