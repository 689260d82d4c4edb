"""Failures of AWS services, in one form for both kinds of client.

`AwsError` has the shape of botocore's `ClientError`, so the same code reads both. It does not need botocore, whose
import is half of a check's cold start. Its text is a code, never a message, because a message may repeat personal data.
"""

from __future__ import annotations

import sys

from dnc.problems import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

THROTTLING = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
"""Codes that mean throttling: the list in botocore's standard retry mode."""
TRY_AGAIN = THROTTLING | {
    "InternalServerError",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "TransactionConflictException",
}
"""Codes after which the same request may succeed. The SDKs do not retry a write that conflicts with a transaction."""

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
SKEWED = frozenset({"InvalidSignatureException", "RequestExpired", "RequestTimeTooSkewed"})
"""Codes for an expired credential, and for a signature whose time is too far from AWS's."""
_OUT_OF_DATE = EXPIRED | SKEWED


class AwsError(Exception):
    """AWS returned an error. `code`: AWS's name for it; `status`: the HTTP status; `response`: in botocore's shape."""

    def __init__(self, response: dict[str, Any]) -> None:
        """`response` has `Error`, `ResponseMetadata`, and what the operation adds, such as `Item`."""
        self.response = response
        self.code = str(response.get("Error", {}).get("Code", ""))
        self.status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        # A code is one word. Anything else does not come from AWS and might hold personal data.
        super().__init__(f"{self.code if self.code.isidentifier() else 'error'} ({self.status})")


class NoResponse(Exception):
    """AWS gave no usable response: unreachable, too slow, cut off or garbled, after the last attempt."""


def refused() -> tuple[type[Exception], ...]:
    """Return the exception classes for an AWS error, for an `except` clause; botocore's too, if it is loaded."""
    return (AwsError, *_of_botocore("ClientError"))


def unanswered() -> tuple[type[Exception], ...]:
    """Return the exception classes for a missing response, for an `except` clause; botocore's too, if it is loaded."""
    return (NoResponse, *_of_botocore("BotoCoreError"))


class _Storage:
    """The context of `storage`. As a generator, it would cost a warm check a twentieth of its time."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: type[BaseException] | None, failed: BaseException | None, _trace: object) -> None:
        if failed is None:
            return
        if isinstance(failed, refused()):
            if error_code(failed) in TRY_AGAIN or _status(failed) >= 500:
                raise Unavailable("Storage is throttling requests. Try again; until then, do not call.") from None
            if error_code(failed) in _OUT_OF_DATE:
                raise Unavailable(
                    "Storage refused a request's signature. Try again; until then, do not call."
                ) from None
        elif isinstance(failed, unanswered()):
            raise Unavailable("Storage did not respond in time. Try again; until then, do not call.") from None


_STORAGE = _Storage()


def storage() -> _Storage:
    """Return a context that raises Unavailable if storage is unreachable, throttles, or finds a signature out of date.

    Other errors pass unchanged.
    """
    return _STORAGE


def error_code(failed: BaseException) -> str:
    """Return the code of an AWS error from either kind of client."""
    return str(response_of(failed).get("Error", {}).get("Code", ""))


def response_of(failed: BaseException) -> dict[str, Any]:
    """Return the response of an AWS error: `Error`, and what the operation adds, such as `Item`."""
    response: dict[str, Any] | None = getattr(failed, "response", None)
    return response or {}


def _of_botocore(name: str) -> tuple[type[Exception], ...]:
    # This runs after an exception: botocore cannot have raised it unless it is loaded by now.
    loaded = sys.modules.get("botocore.exceptions")
    return (getattr(loaded, name),) if loaded else ()


def _status(failed: BaseException) -> int:
    return int(response_of(failed).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
