"""The list of one account: the one place that talks to the numbers table.

`Numbers` is bound to its account, so that no call can name another's. Every write is one conditional write (or one
transaction) on the version that was read; a repeat of a write that already happened is recognized as done.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from dnc.aws import errors as aws_errors
from dnc.aws import wire
from dnc.aws.attempts import attempts
from dnc.entries import entry as entries
from dnc.entries import filters as listing
from dnc.entries.entry import LISTED, Entry, Outcome, Request, Write
from dnc.entries.filters import Filters
from dnc.entries.status_reader import StatusReader
from dnc.problems import Conflict, NotListed, Unavailable

_ROWS_READ_A_PAGE = 20_000

type Judge = Callable[[Entry], None]


class Numbers(StatusReader):
    """The numbers of one account."""

    def read(self, number: str) -> Entry | None:
        """Read the entry of a number (E.164), listed or not, strongly consistent; None when there never was one."""
        with aws_errors.storage():
            answer = self._client.get_item(TableName=self._table, Key=self._key(number), ConsistentRead=True)
        return Entry.of(wire.from_wire(answer["Item"])) if "Item" in answer else None

    def add(self, request: Request, write: Write) -> Outcome:
        """List a number, or merge a further request into its entry. Who is told so can rely on it: it is stored."""
        current: Entry | None = None
        for _ in attempts(self._patience):
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

        If its written form was ambiguous, `other_readings` are listed with it.
        `judge` raises when the entry may not be removed this way. Raises NotListed, and Conflict when the entry is not
        at `if_version`. A repeat of a removal that happened, and since when nothing changed, gives its entry.
        """
        for _ in attempts(self._patience):
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
            elif self._put_all(removed, current, self._corrected(current, removal, write)):
                return removed
        raise Unavailable("Too many writes to this number at once. Try again.")

    def restore(self, number: str, if_version: int, write: Write) -> Entry:
        """Take a removal back. Raises NotListed, and Conflict when the entry is not a removed one at `if_version`."""
        for _ in attempts(self._patience):
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
            with aws_errors.storage():
                answer = self._client.query(**query, **({"ExclusiveStartKey": start} if start else {}))
            rows_read += answer["ScannedCount"]
            found += [
                Entry.of(wire.from_wire(item)) for item in answer["Items"] if listing.has_digits(item, filters.digits)
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

    def _put(self, entry: Entry, expected: Entry | None) -> Entry | None:
        """Store an entry if the stored one is still the expected one; otherwise give what is stored instead."""
        try:
            with aws_errors.storage():
                self._client.put_item(ReturnValuesOnConditionCheckFailure="ALL_OLD", **self._put_of(entry, expected))
        except aws_errors.refused() as failed:
            if aws_errors.error_code(failed) != "ConditionalCheckFailedException":
                raise
            item: Any = aws_errors.response_of(failed).get("Item")
            # Deleted by hand between two attempts: begin anew from what is stored now, which is nothing.
            return Entry.of(wire.from_wire(item)) if item else self.read(entry.number)
        return None

    def _put_of(self, entry: Entry, expected: Entry | None) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self._table, "Item": wire.to_wire(entry.item())}
        if expected is None:
            return put | {"ConditionExpression": "attribute_not_exists(account_id)"}
        version = {"N": str(expected.version)}
        if expected.version == 0:  # a row written by hand, without a version
            return put | {"ConditionExpression": "attribute_not_exists(version)"}
        return put | {"ConditionExpression": "version = :v", "ExpressionAttributeValues": {":v": version}}

    def _corrected(self, wrong: Entry, removal: Mapping[str, Any], write: Write) -> list[tuple[Entry, Entry | None]]:
        """Return the entries of the number that was meant, one for each reading, each with what is stored now."""
        numbers = (removal["correct_number"], *removal.get("other_readings", ()))
        corrected = []
        for number in numbers:
            stored = self.read(number)
            request = entries.request_of(wrong, numbers, number)
            corrected.append((entries.request_listing(self._account_id, stored, request, write).entry, stored))
        return corrected

    def _put_all(self, removed: Entry, current: Entry, corrected: list[tuple[Entry, Entry | None]]) -> bool:
        puts = [{"Put": self._put_of(removed, current)}]
        puts += [{"Put": self._put_of(entry, stored)} for entry, stored in corrected if entry != stored]
        try:
            with aws_errors.storage():
                self._client.transact_write_items(TransactItems=puts)
        except aws_errors.refused() as failed:
            if aws_errors.error_code(failed) != "TransactionCanceledException":
                raise
            return False
        return True


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
