"""The model of a request, in both frameworks; how it predicts is theirs to say."""

from modelapi.serving.exchange import Exchange
from modelapi.signature import Signature


class RequestModel:
    """The model that answers a request; one that is loaded meanwhile answers the next."""

    def __init__(self, exchange: Exchange, name: str = "") -> None:
        """Take the model as it is now. Raises a 503 Problem while there is none."""
        self._exchange = exchange
        self._served = exchange.require_model(name)

    @property
    def version(self) -> str:
        """The version, which X-Model-Version names too."""
        return self._served.version

    @property
    def signature(self) -> Signature:
        """What the model takes and answers."""
        return self._served.signature
