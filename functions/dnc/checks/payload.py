"""The payload of a direct check, validated without pydantic, whose import would be half of a cold start.

It accepts and refuses exactly what the model `DirectCheck` of `dnc.api.number_requests` does, in the same words. A test
compares the two with generated payloads.
"""

from __future__ import annotations

from dnc import problems
from dnc.entries.status import CHANNELS
from dnc.phone import reader as phone
from dnc.problems import FieldError, InvalidRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FIELDS = ("account_id", "numbers", "region", "channel")
_MAX_ACCOUNT_ID, MAX_NUMBERS = 63, 1000


class DirectRequest:
    """A validated payload. `numbers`: its elements as sent, of any JSON type.

    `region`: ISO 3166-1 alpha-2 or None. `channel`: `voice`, `text` or None.
    """

    __slots__ = ("account_id", "channel", "numbers", "region")

    def __init__(self, account_id: str, numbers: list[object], region: str | None, channel: str | None) -> None:
        """Store the fields."""
        self.account_id = account_id
        self.numbers = numbers
        self.region = region
        self.channel = channel


def read(payload: object) -> DirectRequest:
    """Validate a payload. Raises InvalidRequest, which names every field that is wrong."""
    if not isinstance(payload, dict):
        raise InvalidRequest.of("body", problems.NOT_AN_OBJECT)
    errors: list[FieldError] = []
    account_id = _account_id(payload, errors)
    numbers = _numbers(payload, errors)
    region = _region(payload.get("region"), errors)
    channel = payload.get("channel")
    if channel is not None and channel not in CHANNELS:
        errors.append(FieldError("channel", problems.NOT_A_CHANNEL))
    for name in payload:
        if name not in _FIELDS:
            if isinstance(name, str) and _not_text(name):
                raise InvalidRequest.of("body", _not_text(name))
            message = problems.UNKNOWN_FIELD if isinstance(name, str) else problems.NAME_NOT_TEXT
            errors.append(FieldError(str(name) or "body", message))
    if errors:
        raise InvalidRequest("; ".join(f"{error.field}: {error.message}" for error in errors), errors)
    return DirectRequest(account_id, numbers, region, channel)


def _account_id(payload: dict[Any, Any], errors: list[FieldError]) -> str:
    if "account_id" not in payload:
        errors.append(FieldError("account_id", problems.REQUIRED))
        return ""
    account_id = payload["account_id"]
    wrong = _not_text(account_id)
    if not wrong and not account_id:
        wrong = problems.too_short(1)
    elif not wrong and len(account_id) > _MAX_ACCOUNT_ID:
        wrong = problems.too_long(_MAX_ACCOUNT_ID)
    if wrong:
        errors.append(FieldError("account_id", wrong))
        return ""
    return str(account_id)


def _numbers(payload: dict[Any, Any], errors: list[FieldError]) -> list[object]:
    if "numbers" not in payload:
        errors.append(FieldError("numbers", problems.REQUIRED))
        return []
    numbers: list[object] = payload["numbers"]
    wrong = ""
    if not isinstance(numbers, list):
        wrong = problems.NOT_A_LIST
    elif not numbers:
        wrong = problems.too_few(1)
    elif len(numbers) > MAX_NUMBERS:
        wrong = problems.too_many(MAX_NUMBERS)
    if wrong:
        errors.append(FieldError("numbers", wrong))
        return []
    return numbers


def _region(region: object, errors: list[FieldError]) -> str | None:
    if region is None:
        return None
    if not isinstance(region, str):
        errors.append(FieldError("region", problems.NOT_TEXT))
        return None
    code = region.strip().upper()
    if not code or phone.known_region(code):
        return code or None
    from dnc.phone import countries  # noqa: PLC0415 - only for a country that is not written as its code

    named = countries.country(region)
    if named is None:
        errors.append(FieldError("region", problems.NOT_A_REGION))
    return named


def _not_text(value: object) -> str:
    if not isinstance(value, str):
        return problems.NOT_TEXT
    try:
        value.encode()
    except UnicodeEncodeError:
        return problems.NOT_UNICODE
    return ""
