"""Converts entries to and from rows in DynamoDB's typed form, on the fast path of `dnc.aws.wire`."""

from collections.abc import Mapping
from typing import Any

from dnc.aws.wire import whole_from_wire, whole_to_wire
from dnc.entries.entry import Entry


def row_of(entry: Entry) -> dict[str, Any]:
    """Return an entry's row in typed form."""
    return {name: whole_to_wire(value) for name, value in entry.item().items()}


def entry_of(item: Mapping[str, Any]) -> Entry:
    """Return the entry of a row in typed form."""
    return Entry.of({name: whole_from_wire(value) for name, value in item.items()})
