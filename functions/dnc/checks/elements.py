"""The elements of a check as texts. Data frames and forms also send integers, nulls and halves of emoji."""

from __future__ import annotations

from dnc import problems

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST_ECHO = 200


def as_texts(sent: list[Any]) -> tuple[list[str], dict[int, str]]:
    """Return each element as text, and, by position (from 0), why an element cannot be a number.

    An integer becomes its digits, half a surrogate pair becomes U+FFFD, and any other JSON value becomes its JSON text.
    So every element can be sent back as the `input` of its result.
    """
    try:
        joined = "".join(sent)  # in most payloads every element is text, and this checks all of them in C
        if not joined.isascii():
            joined.encode()
    except (TypeError, UnicodeEncodeError):
        return _one_by_one(sent)
    return sent, {}


def _one_by_one(sent: list[Any]) -> tuple[list[str], dict[int, str]]:
    import json  # noqa: PLC0415 - a plain check does not need it

    texts: list[str] = []
    unreadable: dict[int, str] = {}
    for position, element in enumerate(sent):
        if isinstance(element, str):
            text = element.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            if text != element:
                unreadable[position] = problems.NOT_UNICODE
        else:
            text = json.dumps(element)[:_LONGEST_ECHO]
            if isinstance(element, bool) or not isinstance(element, int):
                unreadable[position] = problems.NOT_A_NUMBER_TEXT
        texts.append(text)
    return texts, unreadable
