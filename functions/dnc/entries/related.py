"""The numbers by which checks may block the phone of one entry, and the account's prefixes that block it."""

from collections.abc import Iterable

from dnc.entries.entry import Entry
from dnc.phone import reader as phone


def numbers_of(entry: Entry) -> list[str]:
    """Return an entry's number (E.164), then its other forms and the other readings of its written form."""
    related = (entry.number, *phone.lookups(entry.number), *entry.also_listed, *filter(None, [entry.reading_of]))
    return list(dict.fromkeys(related))


def prefixes_of(numbers: Iterable[str], prefixes: Iterable[str]) -> list[str]:
    """Return those of an account's blocked prefixes with which any of these numbers begins."""
    numbers = list(numbers)
    return [prefix for prefix in prefixes if any(number.startswith(prefix) for number in numbers)]
