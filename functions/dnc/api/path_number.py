"""The number in a path: the entry that it names, or the explanation for a 404."""

from collections.abc import Iterable

from dnc.entries.entry import Entry
from dnc.entries.related import prefixes_of
from dnc.entries.store import Numbers
from dnc.phone import reader as phone
from dnc.problems import NotListed


def number_of_entry(numbers: Numbers, written: str) -> str:
    """Return the number (E.164) of the entry that a path names.

    An older form of a number names the entry of the current form, unless it has its own entry. Raises InvalidNumber.
    """
    number = phone.from_path(written)
    current = phone.current_form(number)
    return current if current != number and numbers.read(number) is None else number


def entry_at(numbers: Numbers, written: str) -> Entry | None:
    """Return the entry that a path names, listed or not, or None. Raises InvalidNumber."""
    return numbers.read(number_of_entry(numbers, written))


def not_listed(why: str, written: str, default_region: str | None, prefixes: Iterable[str] = ()) -> NotListed:
    """Return the error for a path without an entry. It says how the digits were read, and what to write instead.

    A path takes only E.164, so national digits are read as a number of another country. `prefixes`: the account's
    blocked prefixes. A number that one of them blocks has no entry that could be removed.
    """
    number = phone.from_path(written)
    country = phone.region_of(number)
    details = [why, f"The path was read as {number}, {f'a number of {country}' if country else 'of no known country'}."]
    blocking = prefixes_of(phone.lookups(number), prefixes)
    if blocking:
        details.append(f"It is blocked by the account's prefix {blocking[0]}. An admin can change the prefixes.")
    if written[:1].isdigit():
        meant = phone.classify(written, default_region).valid
        if meant and number not in meant:
            details.append(f"If you meant the national number of {default_region}, write {meant[0]}.")
    return NotListed(" ".join(details))
