"""Converts values to and from DynamoDB's typed form, and to plain values that JSON can hold.

- `to_wire`, `from_wire`: whole rows, as boto3's serializers convert them. Numbers are Decimal, sets are sets. Binary
  values are bytes, in base 64 on the wire; only manually edited rows have any.
- `whole_to_wire`, `whole_from_wire`: the fast path for millions of rows that hold only text, whole numbers and sets of
  text. Sets are sorted, so two rows can be compared.
- `plain`, `plain_from_wire`: for JSON. Sets become sorted lists, whole numbers int, other numbers text, bytes hex.
- `decimals`, `floats`: a value's floats as Decimal, which is how DynamoDB stores them, and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_NUMBERS = Context(Emin=-128, Emax=126, prec=38, traps=[Clamped, Overflow, Inexact, Rounded, Underflow])
"""DynamoDB's numbers: 38 digits, up to 9.99e125. A number that does not fit raises instead of being rounded."""


def to_wire(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row in DynamoDB's typed form. Raises TypeError for a float."""
    return {name: _typed(value) for name, value in row.items()}


def from_wire(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row read from DynamoDB's typed form. Raises TypeError for an unknown type."""
    # Most values are text; reading them here takes a third of the time.
    return {name: value["S"] if "S" in value and len(value) == 1 else _untyped(value) for name, value in item.items()}


def _typed(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (int, Decimal)):
        return {"N": _number(value)}
    if isinstance(value, Mapping):
        return {"M": to_wire(value)}
    if isinstance(value, (list, tuple)):
        return {"L": [_typed(inner) for inner in value]}
    if isinstance(value, bytes):
        return {"B": _base64(value)}
    if isinstance(value, AbstractSet):
        return _typed_set(value)
    raise TypeError(f"{type(value).__name__} has no form in DynamoDB")


def _typed_set(values: AbstractSet[Any]) -> dict[str, Any]:
    if all(isinstance(value, (int, Decimal)) for value in values):
        return {"NS": [_number(value) for value in values]}
    if all(isinstance(value, str) for value in values):
        return {"SS": list(values)}
    if all(isinstance(value, bytes) for value in values):
        return {"BS": [_base64(value) for value in values]}
    raise TypeError("the values of a set in DynamoDB are all numbers, all text or all binary")


def _number(value: Decimal | int) -> str:
    number = str(_NUMBERS.create_decimal(value))
    if not number.strip("-")[:1].isdigit():
        raise TypeError("DynamoDB stores no infinity and no NaN")
    return number


def _untyped(typed: Mapping[str, Any]) -> Any:
    if len(typed) != 1:
        raise TypeError("a value must have exactly one type")
    [(kind, value)] = typed.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return _NUMBERS.create_decimal(value)
        case "NULL":
            return None
        case "M":
            return from_wire(value)
        case "L":
            return [_untyped(inner) for inner in value]
        case "B":
            return _bytes(value)
        case "SS" | "NS" | "BS":
            return {_untyped({kind[0]: inner}) for inner in value}
    raise TypeError(f"a value of type {kind} is not read by this service")


def whole_to_wire(value: Any) -> dict[str, Any]:
    """Return a value of the fast path in typed form. Raises TypeError for a number that is not whole."""
    kind = type(value)
    write = _WRITERS.get(kind) or next((write for base, write in _WRITERS.items() if issubclass(kind, base)), None)
    if write is None:
        raise TypeError(f"{kind.__name__} is not stored")
    return write(value)


def whole_from_wire(typed: Mapping[str, Any]) -> Any:
    """Return a value read from typed form: whole numbers as int, others as float."""
    [(kind, value)] = typed.items()
    if kind == "S":
        return value
    if kind == "N":
        return int(value) if value.lstrip("-").isdigit() else float(value)
    if kind == "M":
        return {name: whole_from_wire(inner) for name, inner in value.items()}
    if kind == "L":
        return [whole_from_wire(inner) for inner in value]
    if kind in {"SS", "NS"}:
        return set(value) if kind == "SS" else {int(number) for number in value}
    if kind == "NULL":
        return None
    return _untyped(typed)


def _whole(value: Any) -> dict[str, Any]:
    if value != int(value):
        raise TypeError("only whole numbers are stored")
    return {"N": str(int(value))}


_WRITERS: dict[type, Callable[[Any], dict[str, Any]]] = {
    str: lambda value: {"S": str(value)},
    bool: lambda value: {"BOOL": value},
    int: lambda value: {"N": str(value)},
    type(None): lambda _: {"NULL": True},
    dict: lambda value: {"M": {name: whole_to_wire(inner) for name, inner in value.items()}},
    list: lambda value: {"L": [whole_to_wire(inner) for inner in value]},
    set: lambda value: {"SS": sorted(value)},
    frozenset: lambda value: {"SS": sorted(value)},
    tuple: lambda value: {"L": [whole_to_wire(inner) for inner in value]},
    Decimal: _whole,
}


def plain(value: Any) -> Any:
    """Return a value that JSON can hold. Raises AttributeError for a type that no row has."""
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(inner) for inner in value), key=str)
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    return int(value) if value == value.to_integral_value() else str(value)


def plain_from_wire(typed: Mapping[str, Any]) -> Any:
    """Return `plain` of a value in typed form, without the values in between."""
    [(kind, inner)] = typed.items()
    if kind == "S":
        return inner
    if kind == "N":
        return _plain_number(inner)
    if kind == "M":
        return {name: plain_from_wire(one) for name, one in inner.items()}
    if kind == "L":
        return [plain_from_wire(one) for one in inner]
    if kind in {"BOOL", "NULL"}:
        return None if kind == "NULL" else inner
    if kind == "SS":
        return sorted(inner)
    if kind == "NS":
        return sorted((_plain_number(one) for one in inner), key=str)
    if kind == "B":
        return _bytes(inner).hex()
    return sorted(_bytes(one).hex() for one in inner)


def _plain_number(written: str) -> int | str:
    try:
        return int(written)
    except ValueError:
        return plain(Decimal(written))  # type: ignore[no-any-return]


def _base64(value: bytes) -> str:
    from base64 import b64encode  # noqa: PLC0415 - the service itself stores no binary values

    return b64encode(value).decode()


def _bytes(value: str | bytes) -> bytes:
    """Return a binary value: the wire has base 64 from this project's client and from streams, bytes from boto3."""
    from base64 import b64decode  # noqa: PLC0415 - as above

    return b64decode(value) if isinstance(value, str) else bytes(value)


def decimals(value: Any) -> Any:
    """Return a value with its floats as Decimal."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, Mapping):
        return {name: decimals(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [decimals(inner) for inner in value]
    return value


def floats(value: Any) -> Any:
    """Return a value with its Decimals as int if they are whole, and as float otherwise."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {name: floats(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [floats(inner) for inner in value]
    return value
