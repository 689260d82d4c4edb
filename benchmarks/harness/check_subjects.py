"""The direct check as it is measured warm: the same handler, over its own client or over boto3's."""

import importlib
from collections.abc import Callable
from typing import Any

FUNCTION = "CheckNumbersFunction"
ACCOUNT = "acme"
LISTED_EVERY = 10


def numbers(count: int) -> list[str]:
    """Give written numbers; every tenth of them is listed."""
    return [f"(415) 555-{n:04}" for n in range(count)]


def tables(count: int) -> dict[str, Any]:
    """Give what the stand-in for DynamoDB holds: one account, and every tenth of its numbers listed."""
    profile = {
        "account_id": {"S": ACCOUNT},
        "record": {"S": "profile"},
        "name": {"S": "Acme Solar"},
        "default_region": {"S": "US"},
        "suspended": {"BOOL": False},
        "created_at": {"S": "2026-11-23T17:05:11.123Z"},
        "changed_at": {"S": "2026-11-23T17:05:11.123Z"},
    }
    rows = [
        {
            **key(f"+1415555{n:04}"),
            "status": {"S": "listed"},
            "source": {"S": "disposition"},
            "listed_at": {"S": "2026-11-23T17:05:11.123Z"},
        }
        for n in range(0, count, LISTED_EVERY)
    ]
    return {
        "numbers": {"keys": ["account_id", "number"], "rows": rows},
        "accounts": {"keys": ["account_id", "record"], "rows": [profile]},
    }


ENVIRONMENT = {"NUMBERS_TABLE": "numbers", "ACCOUNTS_TABLE": "accounts"}


def key(number: str) -> dict[str, Any]:
    """Give the key of a number (E.164) in DynamoDB's typed form."""
    return {"account_id": {"S": ACCOUNT}, "number": {"S": number}}


def boto3_client() -> Any:
    """Give boto3's client, with the settings that every other function has."""
    from dnc.aws import clients

    return clients.client("dynamodb")


def handler(count: int, *, over: Callable[[], Any] | None = None) -> Callable[[], object]:
    """Give the direct check of so many numbers; `over`: makes another client for it to use."""
    module: Any = importlib.import_module("check_numbers.handler")

    if over is not None:
        client = over()
        module.clients.dynamodb = lambda: client
        module.accounts = module.Profiles(client, "accounts")
    event = {"account_id": ACCOUNT, "numbers": numbers(count)}
    wanted = -(-count // LISTED_EVERY)
    if module.lambda_handler(event, None)["blocked"] != wanted:
        raise AssertionError("the check did not find what is listed")
    return lambda: module.lambda_handler(event, None)
