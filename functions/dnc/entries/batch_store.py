"""Reads and writes the entries of one account in batches, each write conditional on what was read.

PartiQL batches are DynamoDB's only batches whose writes have conditions: an INSERT fails if the row exists, an UPDATE
if its version differs. A worker that was killed, or that runs twice, therefore overwrites nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from dnc.aws import errors as aws_errors
from dnc.aws import queries
from dnc.entries.entry import Entry
from dnc.entries.store import unchanged
from dnc.entries.wire import entry_of, row_of
from dnc.problems import Unavailable

STATEMENTS_PER_CALL = 25
_CONFLICTS = frozenset({"DuplicateItem", "ConditionalCheckFailed"})
_RETRYABLE = frozenset(
    {"ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded", "TransactionConflict"}
    | {"InternalServerError", "ItemCollectionSizeLimitExceeded"}
)


class EntryWrite(NamedTuple):
    """An entry to store if the stored one is still the expected one (None: no row)."""

    entry: Entry
    expected: Entry | None


class NotStored(NamedTuple):
    """The numbers (E.164) that were not stored, because the row had changed or DynamoDB throttled the write."""

    conflicts: set[str]
    throttled: set[str]


class BulkEntries:
    """The entries of one account, in bulk."""

    def __init__(
        self, client: Any, table: str, account_id: str, before_read: Callable[[float], None] = lambda _units: None
    ) -> None:
        """Bind to a table and an account. `before_read`: called with the read units that a read will use."""
        self._client = client
        self._table = table
        self._account_id = account_id
        self._before_read = before_read
        self._inserts: dict[tuple[str, ...], str] = {}

    def read(self, numbers: Iterable[str]) -> dict[str, Entry]:
        """Read the entries of numbers (E.164), strongly consistent. Numbers without a row are left out.

        Raises Unavailable unless all were read.
        """
        keys = [{"account_id": {"S": self._account_id}, "number": {"S": number}} for number in numbers]
        self._before_read(len(keys))
        items = queries.batch(self._client, self._table, keys)
        return {item["number"]["S"]: entry_of(item) for item in items}

    def store(self, writes: Sequence[EntryWrite]) -> NotStored:
        """Store entries, each number at most once. Return which were not stored."""
        not_stored = NotStored(set(), set())
        for i in range(0, len(writes), STATEMENTS_PER_CALL):
            self._store_part(writes[i : i + STATEMENTS_PER_CALL], not_stored)
        return not_stored

    def _store_part(self, writes: Sequence[EntryWrite], not_stored: NotStored) -> None:
        by_hand = [write for write in writes if write.expected is not None and not write.expected.version]
        batch = [write for write in writes if write.expected is None or write.expected.version]
        for write in by_hand:
            self._replace_row_by_hand(write, not_stored)
        if not batch:
            return
        statements = [self._insert(write.entry) if write.expected is None else self._update(write) for write in batch]
        try:
            with aws_errors.storage():
                responses = self._client.batch_execute_statement(Statements=statements)["Responses"]
        except Unavailable:
            not_stored.throttled.update(write.entry.number for write in batch)
            return
        for write, response in zip(batch, responses, strict=True):
            code = response["Error"]["Code"] if "Error" in response else None
            if code is None:
                continue
            if code in _CONFLICTS:
                not_stored.conflicts.add(write.entry.number)
            elif code in _RETRYABLE:
                not_stored.throttled.add(write.entry.number)
            else:
                raise StatementRefused(code)

    def _insert(self, entry: Entry) -> dict[str, Any]:
        row = row_of(entry)
        names = tuple(row)
        statement = self._inserts.get(names)
        if statement is None:
            pairs = ", ".join(f"'{name}': ?" for name in names)
            statement = self._inserts[names] = f'INSERT INTO "{self._table}" VALUE {{{pairs}}}'
        return {"Statement": statement, "Parameters": list(row.values())}

    def _update(self, write: EntryWrite) -> dict[str, Any]:
        before, after = row_of(write.expected) if write.expected else {}, row_of(write.entry)
        changed = {name: value for name, value in after.items() if before.get(name) != value}
        gone = [name for name in before if name not in after]
        clauses = [f'SET "{name}"=?' for name in changed] + [f'REMOVE "{name}"' for name in gone]
        statement = f'UPDATE "{self._table}" {" ".join(clauses)} WHERE "account_id"=? AND "number"=? AND "version"=?'
        keys = [after["account_id"], after["number"], before["version"]]
        return {"Statement": statement, "Parameters": [*changed.values(), *keys]}

    def _replace_row_by_hand(self, write: EntryWrite, not_stored: NotStored) -> None:
        try:
            put = {"TableName": self._table, "Item": row_of(write.entry), **unchanged(write.expected)}
            if not queries.write_if(self._client.put_item, **put).written:
                not_stored.conflicts.add(write.entry.number)
        except Unavailable:
            not_stored.throttled.add(write.entry.number)


class StatementRefused(Exception):
    """DynamoDB refused a statement, but not for its condition or by throttling: this is a bug in this service."""
