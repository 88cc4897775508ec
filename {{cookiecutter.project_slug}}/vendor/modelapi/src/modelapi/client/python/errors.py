"""What a client raises; besides, an answer that is cut off or late is an OSError, as everywhere.

ClientError
├── ConnectError    the API cannot be reached; an OSError too
├── ApiError        the API refused a request: status, detail, errors
└── ModelDiffers    the API has another model than the one that this client was made for
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

MOST = 5  # Faults that are written into the message; `errors` has them all.
REMEDIES = {
    401: "give a key: Client(url, key=…)",
    404: "give the address of the API without /predict",
}


class Fault(TypedDict):
    """What is wrong, or strange, with a value: a JSON pointer to it, and a sentence."""

    pointer: str
    detail: str


class ClientError(Exception):
    """What this client raises by itself."""


class ConnectError(ClientError, OSError):
    """An API that cannot be reached."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url} cannot be reached ({reason}): start the server, or give another address")


class ApiError(ClientError):
    """A request that the API refused, as its problem (RFC 9457) says."""

    def __init__(self, status: int, problem: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self.status = status
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail") or self.title)
        self.errors: list[Fault] = problem.get("errors", [])
        self.headers = headers
        """By lower-case names, as retry-after."""
        said = [f"{fault['pointer']} {fault['detail']}".strip() for fault in self.errors[:MOST]]
        more = [f"and {len(self.errors) - MOST} more"] * (len(self.errors) > MOST)
        remedy = [REMEDIES[status]] if status in REMEDIES else []
        super().__init__("; ".join([f"{status}: {self.detail}", *said, *more, *remedy]))

    @property
    def request_id(self) -> str:
        """The id under which the log of the API has the request."""
        return self.headers.get("x-request-id", "")

    @property
    def model_version(self) -> str:
        """The version of the model that was asked."""
        return self.headers.get("x-model-version", "")


class ModelDiffers(ClientError):
    """Another model than the client's: `differences` names each feature that differs, in a sentence."""

    def __init__(self, made_for: str, version: str, differences: Sequence[str]) -> None:
        self.differences = list(differences)
        super().__init__(
            f"this client was made for version {made_for} of the model, and the API has {version}: "
            f'{"; ".join(differences)} (make the client anew with "make client" in the project of the API)'
        )


class ModelWarning(UserWarning):
    """The model of the API takes more than the client's: nothing that this client sends is wrong."""
