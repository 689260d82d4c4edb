"""Reads the part of an account's list that a check needs: strongly consistent, and all of it or none.

It is separate from `dnc.entries.store`, so that a check loads nothing that it does not use. A response that does not
match DynamoDB's documentation is an error, because a number that was not read must never count as unlisted.
"""

from __future__ import annotations

import json
from functools import lru_cache

from dnc.aws import errors as aws_errors
from dnc.aws import wire
from dnc.aws.attempts import attempts
from dnc.entries.status import NEEDED
from dnc.problems import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KEYS_PER_BATCH = 100
_PATHS = ("number", "listed_at", "source", *NEEDED)
_NAMES = {name: f"#{place}" for place, name in enumerate(dict.fromkeys(".".join(_PATHS).split(".")))}
OPTIONS = {
    "ConsistentRead": True,
    "ProjectionExpression": ", ".join(".".join(_NAMES[name] for name in path.split(".")) for path in _PATHS),
    "ExpressionAttributeNames": {alias: name for name, alias in _NAMES.items()},
}
_NO_ROW = frozenset({"ConsumedCapacity", "ResponseMetadata"})


class StatusReader:
    """The statuses of the numbers of one account."""

    def __init__(self, client: Any, table: str, account_id: str, patience: float = 20.0) -> None:
        """Bind to a table and an account. `client`: a `dnc.aws.dynamodb` client; `patience`: seconds to keep trying."""
        self._client = client
        self._table = table
        self._account_id = account_id
        self._patience = patience

    def statuses(self, numbers: list[str]) -> dict[str, dict[str, Any]]:
        """Read the status of each number (E.164), strongly consistent. Raises Unavailable unless all were read.

        Returns, by number, what `status_of` reads, `listed_at` and `source`. Numbers without a row are left out.
        """
        if len(numbers) == 1:
            return self._one(numbers[0])
        unread = list(dict.fromkeys(numbers))
        if len(unread) <= 1:
            return self._one(unread[0]) if unread else {}
        rows: dict[str, dict[str, Any]] = {}
        for _ in attempts(self._patience):
            batches = [unread[i : i + KEYS_PER_BATCH] for i in range(0, len(unread), KEYS_PER_BATCH)]
            unread = []
            for batch, response in zip(batches, self._batch_get(batches), strict=True):
                unread += self._collect(batch, response, rows)
            if not unread:
                return rows
        raise Unavailable("Storage did not read every number in time. Try again; until then, do not call.")

    def _one(self, number: str) -> dict[str, dict[str, Any]]:
        response = self._get(number)
        if "Item" not in response:
            # If there is no row, the response is empty.
            if not _NO_ROW.issuperset(response):
                raise _invalid("neither a row nor an empty response")
            return {}
        row = wire.from_wire(response["Item"])
        if row.get("number") != number:
            raise _invalid("another number's row")
        return {number: row}

    def _get(self, number: str) -> dict[str, Any]:
        with aws_errors.storage():
            response: dict[str, Any] = self._client.call("GetItem", self._encoded("GetItem", [number]))
        return response

    def _batch_get(self, batches: list[list[str]]) -> list[dict[str, Any]]:
        with aws_errors.storage():
            responses: list[dict[str, Any]] = self._client.call_all(
                "BatchGetItem", [self._encoded("BatchGetItem", batch) for batch in batches]
            )
        return responses

    def _encoded(self, operation: str, numbers: list[str]) -> bytes:
        """Return a request as JSON. Numbers need no escaping, so this takes a twentieth of the encoder's time."""
        digits = "".join(numbers).replace("+", "")
        if not (digits.isascii() and digits.isdecimal()):
            raise ValueError("numbers must be E.164")
        start, between, end = _template(operation, self._table, self._account_id)
        return f"{start}{between.join(numbers)}{end}".encode()

    def _collect(self, batch: list[str], response: dict[str, Any], rows: dict[str, dict[str, Any]]) -> list[str]:
        """Add the rows of a response to `rows`, and return the numbers of the batch that were not read."""
        try:
            unprocessed = response["UnprocessedKeys"]
            unread = [key["number"]["S"] for key in unprocessed[self._table]["Keys"]] if unprocessed else []
            items = response["Responses"].get(self._table)
            if items is None and len(unread) == len(batch):
                items = []  # nothing was read
            expected = set(batch)
            for item in items:
                row = wire.from_wire(item)
                if row["number"] not in expected:
                    raise _invalid("another number's row")
                expected.remove(row["number"])
                rows[row["number"]] = row
            if not expected.issuperset(unread):
                raise _invalid("an unprocessed key that was not requested, or that was read as well")
        except (KeyError, TypeError, AttributeError):
            raise _invalid("no rows, or no list of unprocessed keys") from None
        return unread


def batch_request(table: str, account_id: str, numbers: list[str]) -> dict[str, Any]:
    """Return the arguments of a BatchGetItem for numbers (E.164)."""
    account = {"S": account_id}
    keys = [{"account_id": account, "number": {"S": number}} for number in numbers]
    return {"RequestItems": {table: {**OPTIONS, "Keys": keys}}}


def request(table: str, account_id: str, number: str) -> dict[str, Any]:
    """Return the arguments of a GetItem for one number (E.164)."""
    return {"TableName": table, **OPTIONS, "Key": {"account_id": {"S": account_id}, "number": {"S": number}}}


@lru_cache(maxsize=256)
def _template(operation: str, table: str, account_id: str) -> tuple[str, str, str]:
    if operation == "GetItem":
        arguments = request(table, account_id, "+")
    else:
        arguments = batch_request(table, account_id, ["+", "+"])
    start, *between, end = json.dumps(arguments, separators=(",", ":")).split('"+"')
    return f'{start}"', f'"{between[0]}"' if between else "", f'"{end}'


def _invalid(what: str) -> Unavailable:
    return Unavailable(f"Storage returned an invalid response: {what}. Try again; until then, do not call.")
