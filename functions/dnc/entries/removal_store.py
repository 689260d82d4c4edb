"""Removals in the numbers table, including those that wait for a second person.

A pending removal is part of its entry. A record in the accounts table (`pending#+14155550100`), written in the same
transaction, lets it be found without reading the whole list. A change that drops the removal leaves the record behind,
so a record that no longer matches its entry is ignored.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dnc.aws import queries, wire
from dnc.aws.attempts import attempts
from dnc.entries import entry as entries
from dnc.entries import pending
from dnc.entries.entry import LISTED, REMOVED, Change, Entry, Write
from dnc.entries.store import Numbers, stale
from dnc.entries.wire import entry_of
from dnc.problems import NotListed, Unavailable

PENDING = "pending#"

type Decide = Callable[[Entry], Entry]


class Removals(Numbers):
    """The removals of one account."""

    def __init__(self, client: Any, table: str, account_id: str, accounts_table: str, patience: float = 20.0) -> None:
        """Bind to the numbers table, an account, and the accounts table. `patience`: seconds to keep trying."""
        super().__init__(client, table, account_id, patience)
        self._accounts_table = accounts_table

    def remove(self, number: str, removal: Mapping[str, Any], if_version: int, write: Write, decide: Decide) -> Entry:
        """Remove a listed number, or store its removal as pending.

        `decide` judges the removal and returns the removed entry, or the listed one with `pending_removal`. A
        `correct_number` (E.164) and its `other_readings` are listed in the same transaction: a request for the correct
        number never waits.

        Raises NotListed, and Conflict if the entry is not at `if_version`. A repeat returns the entry as it is, unless
        it has changed since.
        """
        for _ in attempts(self._patience):
            current = self._stored(number)
            if _is_repeat(current, removal, if_version, write):
                return current
            after = decide(_listed_at(current, if_version, write))
            if after is current or self._store(after, current, self._corrected(current, removal, write)):
                return after
        raise _busy()

    def decide(self, number: str, change: Change, if_version: int, write: Write, decide: Decide) -> Entry:
        """Approve (`removed`), reject or withdraw the pending removal of a number. Raises the same errors as `remove`.

        `change`: the change that `decide` makes, by which a repeat is recognized.
        """
        for _ in attempts(self._patience):
            current = self._stored(number)
            is_repeat = current.version == if_version + 1 and current.change == change
            if is_repeat and current.changed_by == write.actor.item() and _was_waiting(current):
                return current
            after = decide(_listed_at(current, if_version, write))
            if self._store(after, current, ()):
                return after
        raise _busy()

    def waiting(self, size: int, after: str | None, moment: datetime) -> tuple[list[Entry], str | None]:
        """Read a page of the entries with a pending removal, by number. Return it and the number to continue after.

        That number is None at the end. A page may be short, even empty, and still have a next one.
        """
        query: dict[str, Any] = {**self._records(), "Limit": size}
        if after:
            query["ExclusiveStartKey"] = self._record_key(after)
        page = next(queries.pages(self._client, query))
        found = self._entries_of(page["Items"])
        waiting = [entry for _, entry in found if entry and entry.pending_at(moment)]
        last = page.get("LastEvaluatedKey")
        return waiting, last["record"]["S"].removeprefix(PENDING) if last else None

    def lapse(self, write: Write) -> int:
        """End every pending removal that nobody decided in time, and delete records that no longer match their entries.

        Return how many removals lapsed. Safe to repeat, and to run during other writes.
        """
        lapsed = 0
        for page in queries.pages(self._client, self._records()):
            for record, entry in self._entries_of(page["Items"]):
                if entry is None or entry.status_at(write.at) != LISTED:
                    self._forget(record)
                elif not entry.pending_at(write.at):
                    # A write that gets there first drops the removal anyway.
                    lapsed += self._store(pending.lapse(entry, write), entry, ())
        return lapsed

    def _stored(self, number: str) -> Entry:
        current = self.read(number)
        if current is None:
            raise NotListed("This number was never on the list.")
        return current

    def _store(self, after: Entry, current: Entry, corrected: Sequence[tuple[Entry, Entry | None]]) -> bool:
        """Store an entry, the entries of the correct number, and the record of a pending removal, all or nothing.

        Return False if any of the entries has changed.
        """
        writes = [{"Put": self._put_of(entry, stored)} for entry, stored in corrected if entry != stored]
        if after.pending_removal:
            writes.append({"Put": {"TableName": self._accounts_table, "Item": self._record(after)}})
        elif current.pending_removal:
            writes.append({"Delete": {"TableName": self._accounts_table, "Key": self._record_key(after.number)}})
        if writes:
            return queries.transact_if(self._client, [{"Put": self._put_of(after, current)}, *writes])
        stored = self._put(after, current)
        return stored is None or stored == after

    def _corrected(self, wrong: Entry, removal: Mapping[str, Any], write: Write) -> list[tuple[Entry, Entry | None]]:
        """Return the entries of the correct number, one for each reading, each with its stored entry."""
        if "correct_number" not in removal:
            return []
        numbers = (removal["correct_number"], *removal.get("other_readings", ()))
        corrected = []
        for number in numbers:
            stored = self.read(number)
            request = entries.request_of(wrong, numbers, number)
            corrected.append((entries.request_listing(self._account_id, stored, request, write).entry, stored))
        return corrected

    def _records(self) -> dict[str, Any]:
        return {
            "TableName": self._accounts_table,
            "KeyConditionExpression": "account_id = :account AND begins_with(#record, :pending)",
            "ExpressionAttributeNames": {"#record": "record"},
            "ExpressionAttributeValues": {":account": {"S": self._account_id}, ":pending": {"S": PENDING}},
            "ConsistentRead": True,
        }

    def _record_key(self, number: str) -> dict[str, Any]:
        return {"account_id": {"S": self._account_id}, "record": {"S": f"{PENDING}{number}"}}

    def _record(self, entry: Entry) -> dict[str, Any]:
        lapses_at = str((entry.pending_removal or {})["lapses_at"])
        return {**self._record_key(entry.number), **wire.to_wire({"version": entry.version, "lapses_at": lapses_at})}

    def _entries_of(self, records: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], Entry | None]]:
        """Return each record with its entry, or with None if its removal is no longer pending."""
        numbers = {record["record"]["S"].removeprefix(PENDING): record for record in records}
        rows = queries.batch(self._client, self._table, [self._key(number) for number in numbers])
        stored = {entry.number: entry for entry in map(entry_of, rows)}
        found = []
        for number, record in numbers.items():
            entry = stored.get(number)
            matches = entry and entry.pending_removal and str(entry.version) == record.get("version", {}).get("N")
            found.append((record, entry if matches else None))
        return found

    def _forget(self, record: Mapping[str, Any]) -> None:
        """Delete a record whose removal was dropped, unless the number has a new record."""
        queries.write_if(
            self._client.delete_item,
            TableName=self._accounts_table,
            Key={"account_id": record["account_id"], "record": record["record"]},
            ConditionExpression="version = :version",
            ExpressionAttributeValues={":version": record["version"]},
        )


def _is_repeat(current: Entry, removal: Mapping[str, Any], if_version: int, write: Write) -> bool:
    """Return whether the same actor already carried out or requested this removal, with the same content."""
    if current.version != if_version + 1:
        return False
    if pending.is_requested(current, removal, write):
        return True
    stored = current.removal or {}
    return (
        current.status == REMOVED
        and stored.get("removed_by") == write.actor.item()
        and all(stored.get(name) == removal.get(name) for name in ("reason", "note", "evidence", "correct_number"))
    )


def _was_waiting(current: Entry) -> bool:
    return current.change != Change.REMOVED or "asked_by" in (current.removal or {})


def _listed_at(current: Entry, if_version: int, write: Write) -> Entry:
    """Return an entry if it is listed and at this version. Raises Conflict and NotListed."""
    if current.version != if_version:
        raise stale(current, if_version)
    status = current.status_at(write.at)
    if status != LISTED:
        raise NotListed(f"This number is no longer listed: it is {status}.")
    return current


def _busy() -> Unavailable:
    return Unavailable("Too many writes to this number at once. Try again.")
