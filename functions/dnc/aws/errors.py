"""The failures of AWS as this service reads them, whichever client met them.

They have the shape of botocore's `ClientError`, so that the same lines read either, and need no botocore: importing it
is half of a check's cold start. Their text is a code and never a message, which could repeat what a person gave.
"""

from __future__ import annotations

import sys

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
"""Codes that ask to slow down: the list of botocore's standard retries."""
TRY_AGAIN = THROTTLING | {"InternalServerError", "RequestTimeout", "RequestTimeoutException", "ServiceUnavailable"}


class AwsError(Exception):
    """AWS answered with an error. `code`: AWS's name of it; `status`: of HTTP; `response`: in botocore's shape."""

    def __init__(self, response: dict[str, Any]) -> None:
        """Take the answer: `Error`, `ResponseMetadata`, and what the operation adds, such as `Item`."""
        self.response = response
        self.code = str(response.get("Error", {}).get("Code", ""))
        self.status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        # A code is one word; anything else is not AWS's and might hold anything.
        super().__init__(f"{self.code if self.code.isidentifier() else 'error'} ({self.status})")


class NoAnswer(Exception):
    """No answer of AWS's could be had: not reached, too slow, cut off or garbled, after the last attempt."""


def refused() -> tuple[type[Exception], ...]:
    """Give the classes of an AWS that answered with an error, for an `except`: botocore's too once it is loaded."""
    return (AwsError, *_of_botocore("ClientError"))


def unanswered() -> tuple[type[Exception], ...]:
    """Give the classes of an AWS that did not answer, for an `except`: botocore's too once it is loaded."""
    return (NoAnswer, *_of_botocore("BotoCoreError"))


def _of_botocore(name: str) -> tuple[type[Exception], ...]:
    # Evaluated when something was raised: were botocore not loaded by then, it could not have raised it.
    loaded = sys.modules.get("botocore.exceptions")
    return (getattr(loaded, name),) if loaded else ()
