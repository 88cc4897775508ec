"""Settings: environment variables, or lines in .env, with safe defaults."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from dotenv.parser import parse_stream
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from modelapi.project import Project, find_project
from modelapi.records.faults import Policy


class SettingsError(ValueError):
    """A setting with a value that is not allowed."""


def cores() -> int:
    """Count the cores this process may use, also in a container with a CPU limit (cgroup v2)."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return max(1, min(available, int(quota) // int(period)))
    except (OSError, ValueError):  # No cgroup v2, or the quota is "max".
        return available


class PackageSettings(BaseSettings):
    """Where the model packages are and which may be loaded: all that training, packaging and scoring read.

    The description of a field is what the user is told when its value is wrong.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True, validate_default=True)

    model_dir: Path = Field(default=Path("artifacts"), description="the folder of the model packages")
    model_sha256: str = Field(
        default="",
        pattern="^([0-9A-Fa-f]{64})?$",
        description="the SHA-256 of a manifest.json, 64 hexadecimal digits, or empty",
    )
    keep_versions: int = Field(default=5, ge=0, description="a whole number of versions, or 0 for all")
    allow_pickle: bool = Field(default=False, description="1 if models may be pickles, whose code runs, else 0")
    explain: bool = Field(default=True, description="1 if packages are to hold what explanations need, else 0")
    unknown_categories: Policy = Field(default="refuse", description="refuse or ignore")

    @classmethod
    def load(cls) -> Self:
        """Read the settings from the environment and the project's .env.

        Raises SettingsError with one line that names each wrong setting and what is allowed.
        """
        path = cls.find_project().root / ".env"
        _check_lines(path)
        try:
            return cls(_env_file=path)  # type: ignore[call-arg]
        except ValidationError as error:
            faults = {str(fault["loc"][0]): fault for fault in error.errors()}
            raise SettingsError("; ".join(cls._explain(name, faults[name]) for name in sorted(faults))) from None

    @classmethod
    def find_project(cls) -> Project:
        """Find the project: that of the module in which a subclass stands, else that of the working directory."""
        file = getattr(sys.modules[cls.__module__], "__file__", None)
        is_ours = cls.__module__.partition(".")[0] == __name__.partition(".")[0]
        return find_project(Path.cwd() if is_ours or not file else Path(file).resolve().parent)

    @property
    def project(self) -> Project:
        """The project that these are the settings of."""
        return self.find_project()

    @field_validator("model_dir")
    @classmethod
    def _from_root(cls, path: Path) -> Path:
        return cls.find_project().root / path

    @classmethod
    def _explain(cls, name: str, fault: Mapping[str, Any]) -> str:
        error = fault.get("ctx", {}).get("error")
        if isinstance(error, SettingsError):  # Which says more than that the value is wrong.
            return str(error)
        annotation = cls.model_fields[name].annotation
        description = cls.model_fields[name].description or f"of type {getattr(annotation, '__name__', annotation)}"
        if fault["type"] == "missing":
            return f"{name.upper()} is not set, and has no default: put {name.upper()}=… into .env ({description})"
        return f"{name.upper()} has a value that is not allowed: it must be {description}"


def _check_lines(path: Path) -> None:
    """Raise SettingsError if .env has a line that cannot be read, which would be skipped."""
    try:
        with path.open(encoding="utf-8") as stream:
            # No documented function says so. If python-dotenv moves it, no setting is read, and each test says so.
            for part in parse_stream(stream):
                if part.error:
                    text = part.original.string
                    line = part.original.line + text[: -len(text.lstrip())].count("\n")
                    raise SettingsError(f"{path}, line {line}, is no NAME=value: mend it, or begin it with #")
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8: save it so in your editor") from None
    except OSError:  # There is none.
        return
