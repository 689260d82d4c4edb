"""Rows to and from DynamoDB's typed form: what boto3's serializers give, without boto3.

Numbers come back as Decimal and sets as sets. Binary values are refused, since no table here has any.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NUMBERS = Context(Emin=-128, Emax=126, prec=38, traps=[Clamped, Overflow, Inexact, Rounded, Underflow])
"""DynamoDB's numbers: 38 digits, magnitudes up to 9.99e125; what does not fit raises instead of being rounded."""


def to_wire(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a row in DynamoDB's typed form. Raises TypeError for a float or binary value."""
    return {name: _typed(value) for name, value in row.items()}


def from_wire(item: Mapping[str, Any]) -> dict[str, Any]:
    """Read a row out of DynamoDB's typed form. Raises TypeError for a type that is not read."""
    # Most values are text: read here, at a third of the time.
    return {name: value["S"] if "S" in value and len(value) == 1 else _plain(value) for name, value in item.items()}


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
    if isinstance(value, AbstractSet):
        if all(isinstance(inner, (int, Decimal)) for inner in value):
            return {"NS": [_number(inner) for inner in value]}
        if all(isinstance(inner, str) for inner in value):
            return {"SS": list(value)}
    raise TypeError(f"{type(value).__name__} has no form in DynamoDB that this service writes")


def _number(value: Decimal | int) -> str:
    number = str(_NUMBERS.create_decimal(value))
    if not number.strip("-")[:1].isdigit():
        raise TypeError("Infinity and NaN are no numbers of DynamoDB")
    return number


def _plain(typed: Mapping[str, Any]) -> Any:
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
            return [_plain(inner) for inner in value]
        case "SS":
            return set(value)
        case "NS":
            return {_NUMBERS.create_decimal(inner) for inner in value}
    raise TypeError(f"a value of type {kind} is not read by this service")
