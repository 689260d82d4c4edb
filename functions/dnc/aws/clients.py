"""Clients for AWS services, with few attempts and short timeouts.

A client that waits for a minute is an outage for the dialer. `dynamodb()`, `event_bridge()` and `step_functions()`
return this project's own clients; `client()` makes botocore's, for S3.
"""

from __future__ import annotations

from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dnc.aws.dynamodb import DynamoDB
    from dnc.aws.event_bridge import EventBridge
    from dnc.aws.step_functions import StepFunctions


def client(service: str, **settings: Any) -> Any:
    """Return botocore's client for a service, without loading boto3. `settings` override the `Config` below."""
    from botocore.config import Config  # noqa: PLC0415 - only functions that use botocore pay for loading it
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
    """Return this process's DynamoDB client. It is made once and stays warm."""
    from dnc.aws.dynamodb import DynamoDB  # noqa: PLC0415 - as above

    return DynamoDB.from_env()


@cache
def event_bridge() -> EventBridge:
    """Return this process's EventBridge client. It is made once and stays warm."""
    from dnc.aws.event_bridge import EventBridge  # noqa: PLC0415 - as above

    return EventBridge.from_env()


@cache
def step_functions() -> StepFunctions:
    """Return this process's Step Functions client. It is made once and stays warm."""
    from dnc.aws.step_functions import StepFunctions  # noqa: PLC0415 - as above

    return StepFunctions.from_env()
