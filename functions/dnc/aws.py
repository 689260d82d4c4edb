"""Clients of AWS with bounded waiting, and the one place that reads their failures.

A client that waits for a minute is an outage of the dialer, so attempts and time-outs are few and short.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from dnc.problems import Unavailable

_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=16,
    tcp_keepalive=True,
)
_TRY_AGAIN = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
_serializer, _deserializer = TypeSerializer(), TypeDeserializer()


@cache
def client(service: str) -> Any:
    """Give this process's client of a service; made once, kept warm."""
    make: Any = boto3.client
    return make(service, config=_CONFIG)


@contextmanager
def storage() -> Iterator[None]:
    """Turn a storage that cannot be reached or asks to slow down into Unavailable. Every other failure passes."""
    try:
        yield
    except ClientError as failed:
        status = failed.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if error_code(failed) in _TRY_AGAIN or status >= 500:
            raise Unavailable("Storage asked to slow down. Try again; until then, do not call.") from None
        raise
    except BotoCoreError:
        raise Unavailable("Storage did not answer in time. Try again; until then, do not call.") from None


def error_code(failed: ClientError) -> str:
    """Give the code of an AWS error."""
    return str(failed.response.get("Error", {}).get("Code", ""))


def to_wire(row: dict[str, Any]) -> dict[str, Any]:
    """Give a row in DynamoDB's typed form."""
    return {name: _serializer.serialize(value) for name, value in row.items()}


def from_wire(item: dict[str, Any]) -> dict[str, Any]:
    """Read a row out of DynamoDB's typed form; numbers are Decimal, sets are sets."""
    return {name: _deserializer.deserialize(value) for name, value in item.items()}
