"""What people and programs write around a number: marks, URI schemes, spreadsheet formats, a second number.

`clean` strips what does not belong to a number, or says why a text has no number.
"""

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

from dnc.phone import forms

_SAME_AS = str.maketrans("‐‑‒–—―−ー－．·／；，：（）［］＋＃～∼⁓", "---------../;,:()[]+#~~~")
_VARIATION_SELECTORS = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0x180B, 0x180E), *range(0xE0100, 0xE01F0))))
_LINE_ENDS = frozenset("\u0085\u2028\u2029")
_URI = re.compile(r"(?:\"[^\"]*\"\s*)?<?(tel|callto|sips?|whatsapp):(?://)?([^<>]*)>?", re.IGNORECASE)
_WHATSAPP_LINK = re.compile(r"send/?\?(?:.*&)?phone=([^&]*).*", re.IGNORECASE)
_PARAMETERS = re.compile(r";(?:ext|phone-context|isub)=", re.IGNORECASE)
_WITHHELD = re.compile(
    r"(?:anonymous|blocked|no caller ?id|out of area|private|restricted|unavailable|unknown|withheld)"
    r"(?: (?:caller|number|call))?(?:@.*)?",
    re.IGNORECASE,
)
_WITHHELD_DIGITS = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
"""ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE on a keypad, which is how Twilio sends these words.

Without the plus they may be somebody's number: 737 is an area code of Texas.
"""
_SCIENTIFIC = re.compile(r"\+?\d+(?:[.,]\d+)?E\+?\d{1,2}", re.IGNORECASE)
_FLOAT = re.compile(r"(\+?(?:\d{1,3}(?:,\d{3})+|\d+))[.,]0{1,2}")
_STRONG = re.compile(
    rf"(?:(?!{_PARAMETERS.pattern});|,,|:{{2,}}|[\n\r\t|&]|\s(?:or|and|oder|und|ou|et)\s|(?<=[\d)])\s*(?=\+)"
    r"|(?:extension|extn|ext|xtn|x|#|~)[:.=]?)+",
    re.IGNORECASE,
)
_WEAK = re.compile(r"[/,]+")
_SEPARATORS = re.compile(rf"{_STRONG.pattern}|{_WEAK.pattern}", re.IGNORECASE)
_LAST_GROUP = re.compile(r"(.*\d)\s*([/-])\s*\d{1,4}", re.DOTALL)
_SHORTEST_WHOLE = 7

type IsNumber = Callable[[str], bool]
"""Returns whether a text is by itself a number in use."""


def clean(written: str) -> tuple[str, str]:
    """Return the text in ASCII without format characters or scheme, and why it is not a number, or "" if it may be."""
    text = _ascii(written)
    if not text:
        return "", forms.EMPTY
    if len(text) > forms.MAX_WRITTEN:
        return text, forms.TOO_LONG
    uri = _URI.fullmatch(text)
    if uri:
        text = _number_in_uri(uri[1].lower(), uri[2].strip())
    if _WITHHELD.fullmatch(text) or text in _WITHHELD_DIGITS:
        return text, forms.WITHHELD
    if _SCIENTIFIC.fullmatch(text):
        return text, forms.SCIENTIFIC
    return text, ""


def without_decimals(text: str) -> str:
    """Return a number that was stored as a float (`4155550100.0`) without its decimals, or any other text unchanged."""
    match = _FLOAT.fullmatch(text)
    return match[1].replace(",", "") if match else text


def without_last_group(text: str) -> str | None:
    """Return a text without the group after its last slash or dash, or None if that group cannot be an extension.

    It can be one if it has one to four digits, and the rest has another separator or none (`030 121702-12`).
    """
    match = _LAST_GROUP.fullmatch(text)
    return match[1] if match and match[2] not in match[1] else None


def numbers_in(text: str, is_number: IsNumber) -> list[str]:
    """Return the numbers in a text that has several, otherwise the text itself.

    Seven digits after a semicolon, a line end, a word such as "or", or an extension's mark are another number, because
    no extension is that long. A slash or a comma also occurs within a number, so it separates two numbers only if each
    part is a number and the whole is not.
    """
    if not _SEPARATORS.search(text):
        return [text]
    parts = [part.strip() for part in _STRONG.split(text) if any(map(str.isdigit, part))]
    if sum(_digits(part) >= _SHORTEST_WHOLE for part in parts) > 1 and any(map(is_number, parts)):
        return parts
    parts = [part.strip() for part in _WEAK.split(text)]
    if len(parts) > 1 and all(_digits(part) >= _SHORTEST_WHOLE and is_number(part) for part in parts):
        return [text] if is_number(text) else parts
    return [text]


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _ascii(written: str) -> str:
    if written.isascii():
        return written.strip()
    text = "".join(map(_plain, written.translate(_SAME_AS)))
    return text.strip()


def _plain(character: str) -> str:
    if character.isascii():
        return character
    if character.isdecimal():
        return str(int(character))
    if character in _LINE_ENDS:
        return "\n"
    category = unicodedata.category(character)
    if category == "Cf" or character in _VARIATION_SELECTORS:
        return ""
    return " " if category == "Zs" else character


def _number_in_uri(scheme: str, rest: str) -> str:
    rest = unquote(rest)
    if scheme == "tel":
        return f"tel:{rest}" if _PARAMETERS.search(rest) else rest
    if scheme in {"sip", "sips"}:
        user = rest.partition("@")[0]
        return f"tel:{user}" if _PARAMETERS.search(user) else user.partition(";")[0].partition(":")[0]
    if scheme == "whatsapp":
        link = _WHATSAPP_LINK.fullmatch(rest)
        number = link[1].strip() if link else rest
        # WhatsApp's numbers are international, with or without the plus.
        return number if number.startswith("+") or not number[:1].isdigit() else f"+{number}"
    return rest.partition("?")[0]
