"""Phones with two E.164 forms, because a numbering plan was changed or has an optional digit.

An add lists a number's current form. A check looks up the older forms as well, so that a row from before the change
still blocks. `docs/numbers.md` says which changes are covered, with their sources. This module needs no metadata.
"""

import re
from typing import NamedTuple


class Change(NamedTuple):
    """One change of a numbering plan. Patterns match the digits of E.164, without the plus.

    `old` and `new` lead from the older form to the current one, or to every candidate if the table cannot tell which.
    `back` and `older` lead from the current form to the older one. `settled`: the older form has a single current
    form. `stored`: a list may have rows under the older form, because adds accepted it.
    """

    old: str
    new: tuple[str, ...]
    back: str
    older: str
    settled: bool = True
    stored: bool = True


def _prefix(old: str, new: str, rest: str, *, stored: bool = True) -> Change:
    """Return the change of a prefix that leaves the rest of the number as it is."""
    return Change(f"{old}({rest})", (rf"{new}\1",), f"{new}({rest})", rf"{old}\1", stored=stored)


_AR_GEOGRAPHIC = r"11\d{8}|[23]\d{9}"
_CI_FIXED_ORANGE = r"2\d[1-79]\d{5}|3\d[1-9]\d{5}"
_GA = {"1": "11", "2": "62", "4": "74", "5": "65", "6": "66", "7": "77"}
_PH_OPERATORS = "345678"
_VN = {
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78",
    "123": "83", "124": "84", "125": "85", "127": "81", "129": "82",
    "162": "32", "163": "33", "164": "34", "165": "35", "166": "36", "167": "37", "168": "38", "169": "39",
    "186": "56", "188": "58", "199": "59",
}  # fmt: skip
_XK_FIXED = r"38\d{6,10}|(?:2[89]|39)(?:0\d{5,6}|[1-9]\d{5})"

_KOSOVO = (
    _prefix("377", "383", r"4[456]\d{6}"),
    _prefix("386", "383", r"4[39]\d{6}"),
    _prefix("381", "383", _XK_FIXED),
)
_SAN_MARINO = (_prefix("390549", "3780549", r"[89]\d{5}"),)
_CHANGES: dict[str, tuple[Change, ...]] = {
    "225": (
        _prefix("225", "22501", r"[04-9][0-3]\d{6}", stored=False),
        _prefix("225", "22505", r"[04-9][4-6]\d{6}", stored=False),
        _prefix("225", "22507", r"[04-9][7-9]\d{6}", stored=False),
        _prefix("225", "22521", r"2\d8\d{5}", stored=False),
        _prefix("225", "22525", r"[23]\d0\d{5}", stored=False),
        _prefix("225", "22527", _CI_FIXED_ORANGE, stored=False),
    ),
    "229": (_prefix("229", "22901", r"[2-9]\d{7}", stored=False),),
    "241": tuple(_prefix(f"241{zero}{old}", f"241{new}", r"\d{6}") for old, new in _GA.items() for zero in ("0", "")),
    "377": _KOSOVO,
    "378": _SAN_MARINO,
    "381": _KOSOVO,
    "383": _KOSOVO,
    "386": _KOSOVO,
    "39": _SAN_MARINO,
    "52": (_prefix("521", "52", r"[2-9]\d{9}", stored=False),),
    "54": (Change(rf"54({_AR_GEOGRAPHIC})", (r"549\1",), rf"549({_AR_GEOGRAPHIC})", r"54\1", settled=False),),
    "55": (Change(r"55(\d\d)([6-9]\d{7})", (r"55\g<1>9\2",), r"55(\d\d)9([6-9]\d{7})", r"55\1\2"),),
    "57": (_prefix("57", "5760", r"[124-8]\d{7}"),),
    "63": (
        Change(
            r"632(\d{7})",
            tuple(rf"632{operator}\1" for operator in _PH_OPERATORS),
            rf"632[{_PH_OPERATORS}](\d{{7}})",
            r"632\1",
            settled=False,
        ),
    ),
    "84": tuple(_prefix(f"84{old}", f"84{new}", r"\d{7}") for old, new in _VN.items()),
}
"""By country code, the changes whose older or current form has that code."""


def current(number: str) -> str:
    """Return the current form of a number (E.164), which is the number itself unless the table has a newer one."""
    for change in _changes(number):
        match = re.fullmatch(change.old, number[1:], re.ASCII) if change.settled else None
        if match:
            return f"+{match.expand(change.new[0])}"
    return number


def others(number: str) -> tuple[str, ...]:
    """Return the other forms under which a list may have the phone of a number (E.164), the current one first."""
    newest = current(number)
    forms = [newest]
    for form in dict.fromkeys((newest, number)):
        for change in _changes(form):
            match = re.fullmatch(change.old, form[1:], re.ASCII)
            if match:
                forms += [f"+{match.expand(template)}" for template in change.new]
            match = re.fullmatch(change.back, form[1:], re.ASCII) if change.stored else None
            if match:
                forms.append(f"+{match.expand(change.older)}")
    return tuple(form for form in dict.fromkeys(forms) if form != number)


def pattern(code: str) -> str:
    """Return a pattern of a country code's national numbers that have another form, or "" if none have."""
    changes = _CHANGES.get(code, ())
    ends = [change.old for change in changes] + [change.back for change in changes if change.stored]
    return "|".join(rf"(?:{end.removeprefix(code)})\Z" for end in ends if end.startswith(code))


def _changes(number: str) -> tuple[Change, ...]:
    return _CHANGES.get(number[1:3]) or _CHANGES.get(number[1:4]) or ()
