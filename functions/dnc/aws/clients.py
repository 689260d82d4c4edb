"""Clients of AWS with bounded waiting, and the one place that reads their failures.

A client that waits for a minute is an outage of the dialer, so attempts and time-outs are few and short. `dynamodb()`,
`event_bridge()` and `step_functions()` are the service's own clients; `client()` makes botocore's, for S3.
"""

from __future__ import annotations

from functools import cache

from dnc.aws.errors import TRY_AGAIN, refused, unanswered
from dnc.aws.wire import from_wire, to_wire
from dnc.problems import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dnc.aws.dynamodb import DynamoDB
    from dnc.aws.event_bridge import EventBridge
    from dnc.aws.step_functions import StepFunctions

__all__ = [
    "client",
    "dynamodb",
    "error_code",
    "event_bridge",
    "from_wire",
    "refused",
    "response_of",
    "step_functions",
    "storage",
    "to_wire",
]


def client(service: str, **settings: Any) -> Any:
    """Make boto3's client of a service without the rest of boto3. `settings`: of botocore's `Config`, over these."""
    from botocore.config import Config  # noqa: PLC0415 - a function that does without must not pay for it
    from botocore.session import get_session  # noqa: PLC0415

    bounds: dict[str, Any] = {
        "connect_timeout": 1,
        "read_timeout": 3,
        "retries": {"mode": "standard", "total_max_attempts": 4},
        "max_pool_connections": 16,
        "tcp_keepalive": True,
    }
    return get_session().create_client(service, config=Config(**{**bounds, **settings}))


@cache
def dynamodb() -> DynamoDB:
    """Give this process's own client of DynamoDB; made once, kept warm."""
    from dnc.aws.dynamodb import DynamoDB  # noqa: PLC0415 - as above

    return DynamoDB.from_env()


@cache
def event_bridge() -> EventBridge:
    """Give this process's own client of EventBridge; made once, kept warm."""
    from dnc.aws.event_bridge import EventBridge  # noqa: PLC0415 - as above

    return EventBridge.from_env()


@cache
def step_functions() -> StepFunctions:
    """Give this process's own client of Step Functions; made once, kept warm."""
    from dnc.aws.step_functions import StepFunctions  # noqa: PLC0415 - as above

    return StepFunctions.from_env()


class _Storage:
    """What `storage` gives: a class, since a generator for it costs a warm check a twentieth of its time."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: type[BaseException] | None, failed: BaseException | None, _trace: object) -> None:
        if failed is None:
            return
        if isinstance(failed, refused()):
            if error_code(failed) in TRY_AGAIN or _status(failed) >= 500:
                raise Unavailable("Storage asked to slow down. Try again; until then, do not call.") from None
        elif isinstance(failed, unanswered()):
            raise Unavailable("Storage did not answer in time. Try again; until then, do not call.") from None


_STORAGE = _Storage()


def storage() -> _Storage:
    """Turn a storage that cannot be reached or asks to slow down into Unavailable. Every other failure passes."""
    return _STORAGE


def error_code(failed: BaseException) -> str:
    """Give the code of an AWS error, of either client."""
    return str(response_of(failed).get("Error", {}).get("Code", ""))


def response_of(failed: BaseException) -> dict[str, Any]:
    """Give what AWS answered with an error, of either client: `Error`, and `Item` or what else the operation adds."""
    response: dict[str, Any] | None = getattr(failed, "response", None)
    return response or {}


def _status(failed: BaseException) -> int:
    return int(response_of(failed).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
