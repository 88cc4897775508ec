"""Every setting of a web API."""

import os
import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from modelapi.protocols import NAMES, read_protocols
from modelapi.records.faults import Policy
from modelapi.serving.cors import read_origins
from modelapi.serving.keys import ENTRIES, read_entries
from modelapi.serving.output import is_terminal
from modelapi.serving.pages import read_ancestors
from modelapi.serving.rates import read_limits, read_store
from modelapi.settings import PackageSettings, SettingsError, cores

EVERYWHERE = "0.0.0.0"  # nosec B104 # A container has to listen to more than itself.
BODIES = 64_000_000  # Bytes.
AIP = {"port": "AIP_HTTP_PORT", "model_dir": "AIP_STORAGE_URI"}
"""What Vertex AI names in the environment."""
Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _text(read: Callable[[str], object]) -> AfterValidator:
    """Keep a text as it is, if it can be read. `read` raises ValueError."""

    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check)


def read_proxies(proxies: str) -> None:
    """Check addresses and networks, as uvicorn reads them. Raises ValueError."""
    for part in proxies.split(",") if proxies.strip() != "*" else []:
        if part.strip():
            ip_network(part.strip())


def _form() -> Literal["json", "console"]:
    """Write logs for who looks on or, where the output is no terminal, for what collects them."""
    return "console" if is_terminal() else "json"


def read_root(path: str) -> None:
    """Check a prefix of paths. Raises ValueError."""
    if not re.fullmatch("(/[A-Za-z0-9._~-]+)*", path):
        raise ValueError


class Settings(PackageSettings):
    """Every setting of a web API; a project adds its own in a subclass."""

    host: str = Field(default=EVERYWHERE, description="the address to listen on")
    port: int = Field(default=8080, ge=1, le=65535, description="a whole number from 1 to 65535")
    workers: Positive = Field(default_factory=cores, description="a whole number of processes, 1 or more")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="one of debug, info, warning, error"
    )
    log_format: Literal["json", "console"] = Field(default_factory=_form, description="json or console")
    cors_origins: Annotated[str, _text(read_origins)] = Field(
        default="", description="empty, * or origins such as https://example.org, with commas"
    )
    frame_ancestors: Annotated[str, _text(read_ancestors)] = Field(
        default="", description="empty, or self and origins such as https://example.org, with commas"
    )
    root_path: Annotated[str, _text(read_root)] = Field(
        default="", description="empty, or a path as /api/v1 without a slash at its end"
    )
    trusted_proxies: Annotated[str, _text(read_proxies)] = Field(
        default="", description="empty, * or addresses and networks as 10.0.0.0/8, with commas"
    )
    max_body_bytes: Positive = Field(default=10_000_000, description="a whole number of bytes, 1 or more")
    max_bodies_bytes: int = Field(
        default=0,
        ge=0,
        description="a whole number of bytes, MAX_BODY_BYTES or more; 0 for 64 MB, or two bodies",
    )
    max_rows: Positive = Field(default=100_000, description="a whole number of records, 1 or more")
    max_explained_rows: Positive = Field(default=100, description="a whole number of records, 1 or more")
    max_table_bytes: Positive = Field(default=1_000_000_000, description="a whole number of bytes, 1 or more")
    max_concurrency: Positive = Field(
        default=256, description="a whole number of requests that a worker has in work at once, 1 or more"
    )
    request_timeout: Seconds = Field(default=30, description="a number of seconds, more than 0")
    client_timeout: Seconds = Field(default=10, description="a number of seconds, more than 0")
    keep_alive: Positive = Field(default=75, description="a whole number of seconds, 1 or more")
    max_requests: int = Field(default=0, ge=0, description="a whole number of requests, 0 for no end")
    shutdown_delay: float = Field(default=1, ge=0, le=60, description="a number of seconds from 0 to 60")
    shutdown_timeout: float = Field(
        default=10, le=3600, description="a number of seconds, 2 more than SHUTDOWN_DELAY or above, up to 3600"
    )
    protocols: Annotated[str, _text(read_protocols)] = Field(
        default="", description=f"empty, or some of {', '.join(NAMES)}, with commas"
    )
    unknown_fields: Policy = Field(default="refuse", description="refuse or ignore")

    api_keys: Annotated[str, _text(read_entries)] = Field(default="", description=ENTRIES)
    public_metrics: bool = Field(default=True, description="1 if /metrics needs no key, else 0")
    watch_inputs: bool = Field(
        default=True, description="1 if /metrics counts what the model is asked and answers, else 0"
    )
    rate_limit: Annotated[str, _text(read_limits)] = Field(
        default="", description="empty, or a number and a time as 100/minute, or several as 10/second;5000/hour"
    )
    rate_limit_store: Annotated[str, _text(read_store)] = Field(
        default="", description="empty, or the address of a Redis server as redis://redis:6379/0"
    )

    @model_validator(mode="before")
    @classmethod
    def _take_over(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Take over what Vertex AI says, unless it is set."""
        if "vertex" not in str(given.get("protocols")).replace(" ", "").split(","):
            return given
        return {name: os.environ[said] for name, said in AIP.items() if os.environ.get(said)} | given

    @field_validator("model_dir", mode="before")
    @classmethod
    def _of_uri(cls, path: Any) -> Any:
        """Take a folder as a URI too. Raises SettingsError."""
        scheme, is_uri, _ = str(path).partition("://")
        if not is_uri:
            return path
        if scheme != "file":
            raise SettingsError(
                "MODEL_DIR, or AIP_STORAGE_URI in its place, is the address of a storage, from which no model is read: "
                "build the model into the image, or set MODEL_DIR to a folder that it was copied to"
            )
        return unquote(urlsplit(str(path)).path)

    @field_validator("max_bodies_bytes")
    @classmethod
    def _holds_one(cls, size: int, others: ValidationInfo) -> int:
        """Let a worker hold one body at least. Raises ValueError."""
        if 0 < size < others.data.get("max_body_bytes", 0):
            raise ValueError
        return size

    @field_validator("shutdown_timeout")
    @classmethod
    def _leaves_time(cls, seconds: float, others: ValidationInfo) -> float:
        """Leave some time to answer what was accepted. Raises ValueError."""
        if seconds < others.data.get("shutdown_delay", 0) + 2:
            raise ValueError
        return seconds

    @property
    def bodies(self) -> int:
        """How many bytes of bodies a worker may hold."""
        return self.max_bodies_bytes or max(BODIES, 2 * self.max_body_bytes)

    @property
    def title(self) -> str:
        """The name of the API, as people read it."""
        return self.project.title

    @property
    def version(self) -> str:
        """The version of the project."""
        return self.project.version

    @property
    def threads(self) -> int:
        """How many threads a worker may calculate with, so that all workers together keep to the cores."""
        return max(1, cores() // self.workers)
