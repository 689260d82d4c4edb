"""The list of one account: adding, reading and restoring. Removals are in `dnc.entries.removal_store`.

`Numbers` is bound to its account, so no call can name another one. Every write is one conditional write (or one
transaction) on the version that was read. A repeat of a write is recognized and changes nothing.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from dnc.aws import errors as aws_errors
from dnc.aws import queries, wire
from dnc.aws.attempts import attempts
from dnc.entries import entry as entries
from dnc.entries import filters as listing
from dnc.entries.entry import LISTED, LISTED_ACCOUNT, Entry, Outcome, Request, Write
from dnc.entries.filters import Filters
from dnc.entries.status_reader import StatusReader
from dnc.problems import Conflict, NotListed, Unavailable

PAGE_SECONDS = 8.0
"""How long reading one page of the list may take."""
LISTED_INDEX = "listed"
"""The index of listed rows, by account and number (decision 36). It holds no removed row."""
_ROWS_READ_PER_PAGE = 20_000
_ROWS_PER_QUERY = 1000


class Numbers(StatusReader):
    """The numbers of one account."""

    _clock = staticmethod(time.monotonic)

    def read(self, number: str) -> Entry | None:
        """Read the entry of a number (E.164), listed or not, strongly consistent. None if there never was one."""
        with aws_errors.storage():
            response = self._client.get_item(TableName=self._table, Key=self._key(number), ConsistentRead=True)
        return Entry.of(wire.from_wire(response["Item"])) if "Item" in response else None

    def add(self, request: Request, write: Write) -> Outcome:
        """List a number, or keep a further request with its entry. When this returns, the request is stored."""
        current: Entry | None = None
        for _ in attempts(self._patience):
            outcome = entries.request_listing(self._account_id, current, request, write)
            if not outcome.changed:
                return outcome
            stored = self._put(outcome.entry, current)
            if stored is None or stored == outcome.entry:
                return outcome
            current = stored
        raise Unavailable("Too many writes to this number at once. Try again; until then, do not call.")

    def restore(self, number: str, if_version: int, write: Write) -> Entry:
        """Reverse a removal. Raises NotListed, and Conflict if the entry is not a removed one at `if_version`."""
        for _ in attempts(self._patience):
            current = self.read(number)
            if current is None:
                raise NotListed("This number was never on the list.")
            repeated = current.change == entries.Change.RESTORED and current.changed_by == write.actor.item()
            if repeated and current.version == if_version + 1:
                return current
            if current.version != if_version:
                raise stale(current, if_version)
            if current.status != entries.REMOVED:
                raise Conflict("This number is not removed: there is nothing to restore.")
            restored = entries.restore(current, write)
            stored = self._put(restored, current)
            if stored is None or stored == restored:
                return restored
        raise Unavailable("Too many writes to this number at once. Try again.")

    def page(self, filters: Filters, size: int, after: str | None, moment: datetime) -> tuple[list[Entry], str | None]:
        """Read a page of entries by number. Return it and the number to continue after (None at the end).

        A page may be short, even empty, and still have a next one: reading stops after some thousand rows, and after
        `PAGE_SECONDS`.
        """
        ends = self._clock() + PAGE_SECONDS
        found: list[Entry] = []
        rows_read = 0
        for page in self._pages(filters, size, after):
            rows_read += page["ScannedCount"]
            items = [item for item in page["Items"] if listing.has_digits(item, filters.digits)]
            rows = [Entry.of(wire.from_wire(item)) for item in items]
            found += [entry for entry in rows if listing.has_status(entry, filters.status, moment)]
            last = page.get("LastEvaluatedKey")
            if len(found) > size or (len(found) == size and last):
                return found[:size], found[size - 1].number
            if last and (rows_read >= _ROWS_READ_PER_PAGE or self._clock() > ends):
                return found, last["number"]["S"]
        return found, None

    def _pages(self, filters: Filters, size: int, after: str | None) -> Iterator[dict[str, Any]]:
        """Query the table once, strongly consistent, and continue in the index of listed rows if only those matter.

        A client that has just added a number finds it, and any number of removed rows costs one read.
        """
        query = {
            **listing.query(filters),
            "TableName": self._table,
            "ConsistentRead": True,
            "Limit": size if listing.unfiltered(filters) else _ROWS_PER_QUERY,
        }
        query["ExpressionAttributeValues"] = {**query["ExpressionAttributeValues"], ":account": {"S": self._account_id}}
        if after:
            query["ExclusiveStartKey"] = self._key(after)
        with aws_errors.storage():
            first: dict[str, Any] = self._client.query(**query)
        yield first
        last = first.get("LastEvaluatedKey")
        if not last:
            return
        if filters.status == LISTED:
            names = {**query["ExpressionAttributeNames"], "#account": LISTED_ACCOUNT}
            query |= {"IndexName": LISTED_INDEX, "ConsistentRead": False, "ExpressionAttributeNames": names}
            last = {**last, LISTED_ACCOUNT: {"S": self._account_id}}
        yield from queries.pages(self._client, {**query, "ExclusiveStartKey": last})

    def _key(self, number: str) -> dict[str, Any]:
        return {"account_id": {"S": self._account_id}, "number": {"S": number}}

    def _put(self, entry: Entry, expected: Entry | None) -> Entry | None:
        """Store an entry if the stored one is still the expected one; otherwise return what is stored instead."""
        put = self._put_of(entry, expected)
        result = queries.write_if(self._client.put_item, ReturnValuesOnConditionCheckFailure="ALL_OLD", **put)
        if result.written:
            return None
        # A row may have been deleted by hand between two attempts; then nothing is stored.
        return Entry.of(wire.from_wire(result.stored)) if result.stored else self.read(entry.number)

    def _put_of(self, entry: Entry, expected: Entry | None) -> dict[str, Any]:
        return {"TableName": self._table, "Item": wire.to_wire(entry.item()), **unchanged(expected)}


def unchanged(expected: Entry | None) -> dict[str, Any]:
    """Return the condition that the stored row is still the expected one (None: that there is no row)."""
    if expected is None:
        return {"ConditionExpression": "attribute_not_exists(account_id)"}
    version = expected.version or expected.odd_version
    if version is None:  # a row written by hand, without a version
        return {"ConditionExpression": "attribute_exists(account_id) AND attribute_not_exists(version)"}
    return {
        "ConditionExpression": "version = :version",
        "ExpressionAttributeValues": wire.to_wire({":version": version}),
    }


def stale(current: Entry, if_version: int) -> Conflict:
    """Return the error for a write that expects another version of an entry."""
    return Conflict(
        f"The entry is at version {current.version} ({current.change or 'changed by hand'}), not at {if_version}. "
        "Read it again, then decide."
    )
