"""The numbers that may block an entry's phone in a check, and the account's prefixes that block it."""

from collections.abc import Iterable

from dnc.entries.entry import Entry
from dnc.phone import reader as phone


def numbers_of(entry: Entry) -> list[str]:
    """Return an entry's number (E.164), followed by its other forms and the other readings of its written form."""
    related = (entry.number, *phone.lookups(entry.number), *entry.also_listed, *filter(None, [entry.reading_of]))
    return list(dict.fromkeys(related))


def prefixes_of(numbers: Iterable[str], prefixes: Iterable[str]) -> list[str]:
    """Return the prefixes, out of an account's blocked ones, that any of these numbers begins with."""
    numbers = list(numbers)
    return [prefix for prefix in prefixes if any(number.startswith(prefix) for number in numbers)]
