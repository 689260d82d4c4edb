"""The direct check for warm measurements: the same handler, with the project's own client or with boto3's."""

import importlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

FUNCTION = "CheckNumbersFunction"
ACCOUNT = "acme"
LISTED_EVERY = 10


def numbers(count: int) -> list[str]:
    """Return written numbers. Every tenth is listed."""
    return [f"(415) 555-{n:04}" for n in range(count)]


def tables(count: int) -> dict[str, Any]:
    """Return the tables of the DynamoDB stand-in: one account, with every tenth number listed."""
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
    """Return the key of a number (E.164) in DynamoDB's typed form."""
    return {"account_id": {"S": ACCOUNT}, "number": {"S": number}}


def boto3_client() -> Any:
    """Return a boto3 client with the settings of every other function."""
    from dnc.aws import clients

    return clients.client("dynamodb")


def handler(count: int, *, make_client: Callable[[], Any] | None = None) -> Callable[[], object]:
    """Return a function that checks `count` numbers. `make_client`: makes another client to use."""
    module: Any = importlib.import_module("check_numbers.handler")
    if make_client is not None:
        client = make_client()
        module.clients.dynamodb = lambda: client
        module.accounts = module.Profiles(client, "accounts")
        module.StatusReader = _reader_over_boto3(module.StatusReader)
    event = {"account_id": ACCOUNT, "numbers": numbers(count)}
    listed = -(-count // LISTED_EVERY)
    if module.lambda_handler(event, None)["blocked"] != listed:
        raise AssertionError("the check did not find the listed numbers")
    return lambda: module.lambda_handler(event, None)


def _reader_over_boto3(base: Any) -> Any:
    """Return a status reader that makes its requests with boto3: a batch of reads in ten threads."""
    from dnc.entries import status_reader

    class OverBoto3(base):  # type: ignore[misc]
        def _get(self, number: str) -> Any:
            return self._client.get_item(**status_reader.request(self._table, self._account_id, number))

        def _batch_get(self, batches: list[list[str]]) -> list[Any]:
            requests = [status_reader.batch_request(self._table, self._account_id, batch) for batch in batches]
            with ThreadPoolExecutor(10) as pool:
                return list(pool.map(lambda request: self._client.batch_get_item(**request), requests))

    return OverBoto3
