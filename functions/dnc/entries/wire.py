"""Entries to and from their rows in DynamoDB's typed form, for loops over millions of them.

`dnc.aws.wire` takes any row. An entry's numbers are whole and its sets are of text, sorted here so that two rows can
be compared. Anything else raises TypeError.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import NoneType
from typing import Any

from dnc.entries.entry import Entry


def to_wire(value: Any) -> dict[str, Any]:
    """Give a value in DynamoDB's typed form."""
    make = _MAKE.get(type(value)) or next((m for kind, m in _MAKE.items() if isinstance(value, kind)), None)
    if make is None:
        raise TypeError(f"{type(value).__name__} is not stored")
    return make(value)


def _whole(value: Any) -> dict[str, Any]:
    if value != int(value):
        raise TypeError("only whole numbers are stored")
    return {"N": str(int(value))}


_MAKE: dict[type, Callable[[Any], dict[str, Any]]] = {
    str: lambda value: {"S": str(value)},
    bool: lambda value: {"BOOL": value},
    int: lambda value: {"N": str(value)},
    NoneType: lambda _: {"NULL": True},
    dict: lambda value: {"M": {name: to_wire(inner) for name, inner in value.items()}},
    list: lambda value: {"L": [to_wire(inner) for inner in value]},
    set: lambda value: {"SS": sorted(value)},
    frozenset: lambda value: {"SS": sorted(value)},
    tuple: lambda value: {"L": [to_wire(inner) for inner in value]},
    Decimal: _whole,
}


def from_wire(typed: Mapping[str, Any]) -> Any:
    """Read a value out of DynamoDB's typed form."""
    [(kind, value)] = typed.items()
    if kind == "S":
        return value
    if kind == "N":
        return int(value) if value.lstrip("-").isdigit() else float(value)
    if kind == "M":
        return {name: from_wire(inner) for name, inner in value.items()}
    if kind == "L":
        return [from_wire(inner) for inner in value]
    if kind in {"SS", "NS"}:
        return set(value) if kind == "SS" else {int(n) for n in value}
    if kind == "NULL":
        return None
    return value


def row_of(entry: Entry) -> dict[str, Any]:
    """Give an entry's row in typed form."""
    return {name: to_wire(value) for name, value in entry.item().items()}


def entry_of(item: Mapping[str, Any]) -> Entry:
    """Read an entry out of a row in typed form."""
    return Entry.of({name: from_wire(value) for name, value in item.items()})
