"""Client of the Mete inference daemon: streamed tokens, and a bill after every call."""

from .aio import AsyncClient
from .async_streams import AsyncGeneration, AsyncStream
from .bill import Bill
from .errors import MeteError
from .retry import Retry
from .status import Status
from .streams import Generation, Stream
from .sync import Client, connect
from .types import Answer, CallOptions, Candidate, Label, Model, Prediction, Reflection, Tariff, Token, Verdict, Watch
from .wire.limits import Limits

__all__ = [
    "Answer",
    "AsyncClient",
    "AsyncGeneration",
    "AsyncStream",
    "Bill",
    "CallOptions",
    "Candidate",
    "Client",
    "Generation",
    "Label",
    "Limits",
    "MeteError",
    "Model",
    "Prediction",
    "Reflection",
    "Retry",
    "Status",
    "Stream",
    "Tariff",
    "Token",
    "Verdict",
    "Watch",
    "connect",
]
