"""Reading what a check needs of an account's list: all of it, strongly consistent, or a failure.

Writing is in `dnc.entries.store`, so that a check loads nothing that it does not use. A response that is not what
DynamoDB documents is a failure, too: a number that was not read must never pass for one that is not listed.
"""

from __future__ import annotations

import json
from functools import lru_cache

from dnc.aws import errors as aws_errors
from dnc.aws import wire
from dnc.aws.attempts import attempts
from dnc.problems import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NO_ROW = frozenset({"ConsumedCapacity", "ResponseMetadata"})
KEYS_A_READ = 100
READS_AT_ONCE = 10
READ = {
    "ConsistentRead": True,
    "ProjectionExpression": "#n, #s, #e, #l, #o",
    "ExpressionAttributeNames": {
        "#n": "number",
        "#s": "status",
        "#e": "expires_at",
        "#l": "listed_at",
        "#o": "source",
    },
}


class Statuses:
    """The numbers of one account, as far as a check reads them."""

    def __init__(self, client: Any, table: str, account_id: str, patience: float = 20.0) -> None:
        """Bind to a table and an account. `client`: the service's own or boto3's; `patience`: seconds to go on."""
        self._client = client
        self._table = table
        self._account_id = account_id
        self._patience = patience

    def statuses(self, numbers: list[str]) -> dict[str, dict[str, Any]]:
        """Read what a check needs of each number (E.164), strongly consistent: all of them, or Unavailable.

        Gives `status`, `expires_at` (epoch seconds), `listed_at` and `source` by number, for those that have a row.
        """
        if len(numbers) == 1:
            return self._read_one(numbers[0])
        left = list(dict.fromkeys(numbers))
        if len(left) <= 1:
            return self._read_one(left[0]) if left else {}
        found: dict[str, dict[str, Any]] = {}
        for _ in attempts(self._patience):
            batches = [left[i : i + KEYS_A_READ] for i in range(0, len(left), KEYS_A_READ)]
            left = []
            for batch, answer in zip(batches, self._answers(batches), strict=True):
                left += self._take(batch, answer, found)
            if not left:
                return found
        raise Unavailable("Storage did not read every number in time. Try again; until then, do not call.")

    def _read_one(self, number: str) -> dict[str, dict[str, Any]]:
        call = getattr(self._client, "call", None)
        with aws_errors.storage():
            if call:
                answer = call("GetItem", self._written("GetItem", [number]))
            else:
                answer = self._client.get_item(**_asked_one(self._table, self._account_id, number))
        if "Item" not in answer:
            # That there is no row is said by an answer that holds nothing.
            if not _NO_ROW.issuperset(answer):
                raise _odd("neither a row nor none")
            return {}
        row = wire.from_wire(answer["Item"])
        if row.get("number") != number:
            raise _odd("another number's row")
        return {number: row}

    def _answers(self, batches: list[list[str]]) -> list[dict[str, Any]]:
        side_by_side = getattr(self._client, "call_all", None)
        with aws_errors.storage():
            if side_by_side:
                written = [self._written("BatchGetItem", batch) for batch in batches]
                answers: list[dict[str, Any]] = side_by_side("BatchGetItem", written)
                return answers
            asked = [_asked(self._table, self._account_id, batch) for batch in batches]
            return [self._client.batch_get_item(**asked[0])] if len(asked) == 1 else self._in_threads(asked)

    def _written(self, operation: str, numbers: list[str]) -> bytes:
        """Write a read as JSON, in a twentieth of the time that its encoder takes: a number needs no escaping."""
        digits = "".join(numbers).replace("+", "")
        if not (digits.isascii() and digits.isdecimal()):
            raise ValueError("numbers are E.164")
        start, between, end = _template(operation, self._table, self._account_id)
        return f"{start}{between.join(numbers)}{end}".encode()

    def _in_threads(self, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - for boto3's client alone

        with ThreadPoolExecutor(READS_AT_ONCE) as pool:
            return list(pool.map(lambda one: self._client.batch_get_item(**one), asked))

    def _take(self, batch: list[str], answer: dict[str, Any], found: dict[str, dict[str, Any]]) -> list[str]:
        """Put an answer's rows where they belong; give the numbers of the batch that were not read."""
        try:
            unread = answer["UnprocessedKeys"]
            left = [key["number"]["S"] for key in unread[self._table]["Keys"]] if unread else []
            rows = answer["Responses"].get(self._table)
            if rows is None and len(left) == len(batch):
                rows = []  # nothing was read
            asked = set(batch)
            for item in rows:
                row = wire.from_wire(item)
                if row["number"] not in asked:
                    raise _odd("another number's row")
                asked.remove(row["number"])
                found[row["number"]] = row
            if not asked.issuperset(left):
                raise _odd("a key that was not asked for, or was read as well")
        except (KeyError, TypeError, AttributeError):
            raise _odd("no rows, or not said which keys were not read") from None
        return left


def _asked(table: str, account_id: str, numbers: list[str]) -> dict[str, Any]:
    account = {"S": account_id}
    keys = [{"account_id": account, "number": {"S": number}} for number in numbers]
    return {"RequestItems": {table: {**READ, "Keys": keys}}}


def _asked_one(table: str, account_id: str, number: str) -> dict[str, Any]:
    return {"TableName": table, **READ, "Key": {"account_id": {"S": account_id}, "number": {"S": number}}}


@lru_cache(maxsize=256)
def _template(operation: str, table: str, account_id: str) -> tuple[str, str, str]:
    asked = _asked_one(table, account_id, "+") if operation == "GetItem" else _asked(table, account_id, ["+", "+"])
    start, *between, end = json.dumps(asked, separators=(",", ":")).split('"+"')
    return f'{start}"', f'"{between[0]}"' if between else "", f'"{end}'


def _odd(what: str) -> Unavailable:
    return Unavailable(f"Storage gave an answer that is none: {what}. Try again; until then, do not call.")
