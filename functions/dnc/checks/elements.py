"""The elements of a check as texts. A data frame or a form may send integers, nulls and half an emoji among them."""

from __future__ import annotations

from dnc import problems

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST_ECHO = 200


def as_texts(sent: list[Any]) -> tuple[list[str], dict[int, str]]:
    """Return each element as text, and why by position (from 0) for those that cannot be a number.

    An integer is its digits. A text with half a surrogate pair has U+FFFD in its place, and any other JSON value is its
    JSON text: so every element can be sent back as the `input` of its result.
    """
    try:
        joined = "".join(sent)  # in most payloads every element is text, and this checks them all in C
        if not joined.isascii():
            joined.encode()
    except (TypeError, UnicodeEncodeError):
        return _one_by_one(sent)
    return sent, {}


def _one_by_one(sent: list[Any]) -> tuple[list[str], dict[int, str]]:
    import json  # noqa: PLC0415 - loaded by now in a function, but not needed by a plain check

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
