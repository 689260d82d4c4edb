"""The list of one account: the one place that talks to the numbers table.

`Numbers` is bound to its account, so that no call can name another's. Every write is one conditional write (or one
transaction) on the version that was read; a repeat of a write that already happened is recognized as done.
"""

import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from dnc import aws, entries, listing
from dnc.entries import LISTED, Entry, Outcome, Request, Write
from dnc.listing import Filters
from dnc.problems import Conflict, NotListed, Unavailable

KEYS_A_READ = 100
READS_AT_ONCE = 10
_CHECKED = "#n, #s, #e, #l, #o"
_CHECKED_NAMES = {"#n": "number", "#s": "status", "#e": "expires_at", "#l": "listed_at", "#o": "source"}
_ROWS_READ_A_PAGE = 20_000

type Judge = Callable[[Entry], None]


class Numbers:
    """The numbers of one account."""

    def __init__(self, client: Any, table: str, account_id: str, patience: float = 20.0) -> None:
        """Bind to a table and an account. `patience`: seconds to go on when others write the same entry."""
        self._client = client
        self._table = table
        self._account_id = account_id
        self._patience = patience

    def read(self, number: str) -> Entry | None:
        """Read the entry of a number (E.164), listed or not, strongly consistent; None when there never was one."""
        with aws.storage():
            answer = self._client.get_item(TableName=self._table, Key=self._key(number), ConsistentRead=True)
        return Entry.of(aws.from_wire(answer["Item"])) if "Item" in answer else None

    def statuses(self, numbers: list[str]) -> dict[str, dict[str, Any]]:
        """Read what a check needs of each number (E.164), strongly consistent: all of them, or Unavailable.

        Gives `status`, `expires_at` (epoch seconds), `listed_at` and `source` by number, for those that have a row.
        """
        unique = list(dict.fromkeys(numbers))
        if len(unique) == 1:
            return self._read_one_status(unique[0])
        batches = [unique[i : i + KEYS_A_READ] for i in range(0, len(unique), KEYS_A_READ)]
        if len(batches) <= 1:
            return self._read_statuses(batches[0]) if batches else {}
        found: dict[str, dict[str, Any]] = {}
        with ThreadPoolExecutor(READS_AT_ONCE) as pool:
            for part in pool.map(self._read_statuses, batches):
                found |= part
        return found

    def add(self, request: Request, write: Write) -> Outcome:
        """List a number, or merge a further request into its entry. Who is told so can rely on it: it is stored."""
        current: Entry | None = None
        for _ in self._attempts():
            outcome = entries.request_listing(self._account_id, current, request, write)
            if not outcome.changed:
                return outcome
            stands = self._put(outcome.entry, current)
            if stands is None or stands == outcome.entry:
                return outcome
            current = stands
        raise Unavailable("Too many writes to this number at once. Try again; until then, do not call.")

    def remove(self, number: str, removal: Mapping[str, Any], if_version: int, write: Write, judge: Judge) -> Entry:
        """Remove a listed number; with a `correct_number` (E.164) list that one in the same transaction.

        `judge` raises when the entry may not be removed this way. Raises NotListed, and Conflict when the entry is not
        at `if_version`. A repeat of a removal that happened, and since when nothing changed, gives its entry.
        """
        for _ in self._attempts():
            current = self.read(number)
            if current is None:
                raise NotListed("This number was never on the list.")
            if _is_repeat(current, removal, if_version, write):
                return current
            if current.version != if_version:
                raise _stale(current, if_version)
            if current.status_at(write.at) != LISTED:
                raise NotListed(f"This number is not listed any more: it is {current.status_at(write.at)}.")
            judge(current)
            removed = entries.remove(current, removal, write)
            correct = removal.get("correct_number")
            if correct is None:
                stands = self._put(removed, current)
                if stands is None or stands == removed:
                    return removed
            elif self._put_both(removed, current, self._corrected(current, correct, write)):
                return removed
        raise Unavailable("Too many writes to this number at once. Try again.")

    def restore(self, number: str, if_version: int, write: Write) -> Entry:
        """Take a removal back. Raises NotListed, and Conflict when the entry is not a removed one at `if_version`."""
        for _ in self._attempts():
            current = self.read(number)
            if current is None:
                raise NotListed("This number was never on the list.")
            repeated = current.change == entries.Change.RESTORED and current.changed_by == write.actor.item()
            if repeated and current.version == if_version + 1:
                return current
            if current.version != if_version:
                raise _stale(current, if_version)
            if current.status != entries.REMOVED:
                raise Conflict("This number is not removed: there is nothing to restore.")
            restored = entries.restore(current, write)
            stands = self._put(restored, current)
            if stands is None or stands == restored:
                return restored
        raise Unavailable("Too many writes to this number at once. Try again.")

    def page(self, filters: Filters, size: int, after: str | None, moment: datetime) -> tuple[list[Entry], str | None]:
        """Read a page of entries by number, and the key after which the next one begins, or None at the end.

        A page may be short, even empty, and still have a next one: filtering stops after some thousand rows read.
        """
        query = listing.query(filters, moment)
        query |= {
            "TableName": self._table,
            "ConsistentRead": True,
            "Limit": size if listing.unfiltered(filters) else 1000,
        }
        query["ExpressionAttributeValues"][":account"] = {"S": self._account_id}
        found: list[Entry] = []
        rows_read = 0
        start = self._key(after) if after else None
        while True:
            with aws.storage():
                answer = self._client.query(**query, **({"ExclusiveStartKey": start} if start else {}))
            rows_read += answer["ScannedCount"]
            found += [
                Entry.of(aws.from_wire(item)) for item in answer["Items"] if listing.has_digits(item, filters.digits)
            ]
            start = answer.get("LastEvaluatedKey")
            if len(found) > size or (len(found) == size and start):
                return found[:size], found[size - 1].number
            if start is None:
                return found, None
            if rows_read >= _ROWS_READ_A_PAGE:
                return found, start["number"]["S"]

    def _key(self, number: str) -> dict[str, Any]:
        return {"account_id": {"S": self._account_id}, "number": {"S": number}}

    def _read_one_status(self, number: str) -> dict[str, dict[str, Any]]:
        with aws.storage():
            answer = self._client.get_item(
                TableName=self._table,
                Key=self._key(number),
                ConsistentRead=True,
                ProjectionExpression=_CHECKED,
                ExpressionAttributeNames=_CHECKED_NAMES,
            )
        return {number: aws.from_wire(answer["Item"])} if "Item" in answer else {}

    def _read_statuses(self, numbers: list[str]) -> dict[str, dict[str, Any]]:
        wanted: dict[str, Any] = {
            "Keys": [self._key(number) for number in numbers],
            "ConsistentRead": True,
            "ProjectionExpression": _CHECKED,
            "ExpressionAttributeNames": _CHECKED_NAMES,
        }
        asked: dict[str, Any] = {self._table: wanted}
        found: dict[str, dict[str, Any]] = {}
        for _ in self._attempts():
            with aws.storage():
                answer = self._client.batch_get_item(RequestItems=asked)
            for item in answer["Responses"].get(self._table, []):
                row = aws.from_wire(item)
                found[row["number"]] = row
            asked = answer.get("UnprocessedKeys") or {}
            if not asked:
                return found
        raise Unavailable("Storage did not read every number in time. Try again; until then, do not call.")

    def _put(self, entry: Entry, expected: Entry | None) -> Entry | None:
        """Store an entry if the stored one is still the expected one; otherwise give what is stored instead."""
        try:
            with aws.storage():
                self._client.put_item(ReturnValuesOnConditionCheckFailure="ALL_OLD", **self._put_of(entry, expected))
        except ClientError as failed:
            if aws.error_code(failed) != "ConditionalCheckFailedException":
                raise
            item: Any = failed.response.get("Item")
            # Deleted by hand between two attempts: begin anew from what is stored now, which is nothing.
            return Entry.of(aws.from_wire(item)) if item else self.read(entry.number)
        return None

    def _put_of(self, entry: Entry, expected: Entry | None) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self._table, "Item": aws.to_wire(entry.item())}
        if expected is None:
            return put | {"ConditionExpression": "attribute_not_exists(account_id)"}
        version = {"N": str(expected.version)}
        if expected.version == 0:  # a row written by hand, without a version
            return put | {"ConditionExpression": "attribute_not_exists(version)"}
        return put | {"ConditionExpression": "version = :v", "ExpressionAttributeValues": {":v": version}}

    def _corrected(self, wrong: Entry, number: str, write: Write) -> tuple[Entry, Entry | None]:
        there = self.read(number)
        outcome = entries.request_listing(self._account_id, there, entries.request_of(wrong, number), write)
        return outcome.entry, there

    def _put_both(self, removed: Entry, current: Entry, corrected: tuple[Entry, Entry | None]) -> bool:
        puts = [{"Put": self._put_of(removed, current)}]
        entry, there = corrected
        if entry != there:
            puts.append({"Put": self._put_of(entry, there)})
        try:
            with aws.storage():
                self._client.transact_write_items(TransactItems=puts)
        except ClientError as failed:
            if aws.error_code(failed) != "TransactionCanceledException":
                raise
            return False
        return True

    def _attempts(self) -> Any:
        """Give attempts, a little and randomly apart, until the patience ends: of many writers one always succeeds."""
        deadline = time.monotonic() + self._patience
        wait = 0.01
        while True:
            yield
            if time.monotonic() + wait > deadline:
                return
            time.sleep(random.uniform(0, wait))  # noqa: S311
            wait = min(wait * 1.5, 0.25)


def _is_repeat(current: Entry, removal: Mapping[str, Any], if_version: int, write: Write) -> bool:
    told = current.removal or {}
    return (
        current.status == entries.REMOVED
        and current.version == if_version + 1
        and told.get("removed_by") == write.actor.item()
        and all(told.get(name) == removal.get(name) for name in ("reason", "note", "evidence", "correct_number"))
    )


def _stale(current: Entry, if_version: int) -> Conflict:
    return Conflict(
        f"The entry is at version {current.version} ({current.change or 'changed by hand'}), not at {if_version}. "
        "Read it again and decide anew."
    )
