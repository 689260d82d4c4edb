"""What an entry is and how requests change it: functions of values, no I/O.

An entry is one E.164 number of one account. Times are RFC 3339 UTC text, `expires_at` is epoch seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from dnc import times
from dnc.entries import status

LISTED, REMOVED, EXPIRED = status.LISTED, status.REMOVED, status.EXPIRED
status_of = status.status_of
REMEMBERED_REQUEST_KEYS = 20
AHEAD = timedelta(minutes=5)
"""By so much a request may be dated ahead: clocks differ."""
DETAILS = (
    "note",
    "campaign_id",
    "agent_id",
    "call_id",
    "caller_id",
    "consumer_name",
    "seller",
    "telemarketer",
    "goods_or_services",
    "import_id",
    "requested_at_text",
)
RECORD_OF_A_REQUEST = ("consumer_name", "seller", "telemarketer", "goods_or_services")
"""What 16 CFR 310.5(a)(10) asks to keep beside number and date, which every entry has."""


class Source(StrEnum):
    """How a number came to the list: what the person did, or how it was brought in."""

    INBOUND_CALL = "inbound_call"
    SMS = "sms"
    IVR = "ivr"
    WEB = "web"
    EMAIL = "email"
    LETTER = "letter"
    COMPLAINT = "complaint"
    LEGAL = "legal"
    MANUAL = "manual"
    DISPOSITION = "disposition"
    IMPORT = "import"
    REGISTRY = "registry"
    SUPPRESSION = "suppression"


EXPIRING_SOURCES = frozenset({Source.MANUAL, Source.IMPORT, Source.REGISTRY, Source.SUPPRESSION})


class Change(StrEnum):
    """What the last write of an entry was; the audit event of it bears the same name."""

    LISTED = "listed"
    REQUESTED_AGAIN = "requested_again"
    REMOVED = "removed"
    RESTORED = "restored"
    RELISTED = "relisted"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: the credential, and the person it acted for when that is known."""

    principal: str
    acting_user: str | None = None

    def item(self) -> dict[str, Any]:
        """Give the actor as it is stored and shown."""
        return {"principal": self.principal, "acting_user": self.acting_user}


OUTSIDE = Actor("outside:unknown")
"""Who wrote a row that does not say who wrote it."""


@dataclass(frozen=True, slots=True)
class Write:
    """One write: when (UTC), by whom, and the id of the request that asked for it."""

    at: datetime
    actor: Actor
    request_id: str


@dataclass(frozen=True, slots=True)
class Request:
    """One do-not-call request for one number (E.164). `expires_at`: epoch seconds or None.

    `sources`, `last_requested_at`: of further requests that are brought back with it, out of an export.
    `reading_of`: the number (E.164) whose ambiguous written form can also mean this one; `also_listed`: the numbers
    that the written form of this one can also mean.
    """

    number: str
    source: Source
    requested_at: str
    details: Mapping[str, str] = field(default_factory=dict)
    expires_at: int | None = None
    key: str | None = None
    sources: frozenset[str] = frozenset()
    last_requested_at: str = ""
    reading_of: str | None = None
    also_listed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One number of one account, listed or removed."""

    account_id: str
    number: str
    status: str
    source: str
    sources: frozenset[str]
    requested_at: str
    last_requested_at: str
    listed_at: str
    listed_by: Mapping[str, Any]
    version: int
    changed_at: str
    changed_by: Mapping[str, Any]
    change: str
    request_id: str
    details: Mapping[str, str] = field(default_factory=dict)
    request_keys: tuple[str, ...] = ()
    expires_at: int | None = None
    removal: Mapping[str, Any] | None = None
    reading_of: str | None = None
    also_listed: tuple[str, ...] = ()

    def item(self) -> dict[str, Any]:
        """Give the row as it is stored; attributes without a value are left out."""
        row: dict[str, Any] = {
            "account_id": self.account_id,
            "number": self.number,
            "status": self.status,
            "source": self.source,
            "sources": set(self.sources),
            "requested_at": self.requested_at,
            "last_requested_at": self.last_requested_at,
            "listed_at": self.listed_at,
            "listed_by": dict(self.listed_by),
            "version": self.version,
            "changed_at": self.changed_at,
            "changed_by": dict(self.changed_by),
            "change": self.change,
            "request_id": self.request_id,
            **self.details,
        }
        if self.request_keys:
            row["request_keys"] = list(self.request_keys)
        if self.expires_at is not None:
            row["expires_at"] = self.expires_at
        if self.removal is not None:
            row["removal"] = dict(self.removal)
        if self.reading_of is not None:
            row["reading_of"] = self.reading_of
        if self.also_listed:
            row["also_listed"] = list(self.also_listed)
        return row

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Entry":
        """Read a stored row. A row edited by hand may lack anything but its key; then the rest is empty text.

        A row without a status, or with one nobody knows, is listed: what cannot be understood is not called.
        """
        expires_at = row.get("expires_at")
        source = str(row.get("source", Source.MANUAL))
        return cls(
            account_id=str(row["account_id"]),
            number=str(row["number"]),
            status=REMOVED if row.get("status") == REMOVED else LISTED,
            source=source,
            sources=frozenset(row.get("sources") or {source}),
            requested_at=str(row.get("requested_at", "")),
            last_requested_at=str(row.get("last_requested_at", "")),
            listed_at=str(row.get("listed_at", "")),
            listed_by=row.get("listed_by") or OUTSIDE.item(),
            version=int(row.get("version", 0)),
            changed_at=str(row.get("changed_at", "")),
            changed_by=row.get("changed_by") or OUTSIDE.item(),
            change=str(row.get("change", "")),
            request_id=str(row.get("request_id", "")),
            details={name: str(row[name]) for name in DETAILS if row.get(name)},
            request_keys=tuple(row.get("request_keys") or ()),
            expires_at=int(expires_at) if expires_at is not None else None,
            removal=row.get("removal"),
            reading_of=str(row["reading_of"]) if row.get("reading_of") else None,
            also_listed=tuple(map(str, row.get("also_listed") or ())),
        )

    def status_at(self, moment: datetime) -> str:
        """Give `listed`, `removed` or `expired`, by the clock: cleaning up may come much later."""
        return status_of(self.status, self.expires_at, moment)

    @property
    def missing_evidence(self) -> list[str]:
        """Name what the record of a do-not-call request should hold and this one lacks (16 CFR 310.5(a)(10))."""
        return [name for name in RECORD_OF_A_REQUEST if not self.details.get(name)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request leads to. `changed`: the entry must be stored; `created`: it was not listed before."""

    entry: Entry
    created: bool
    changed: bool = True


def request_listing(account_id: str, current: Entry | None, request: Request, write: Write) -> Outcome:
    """Apply a do-not-call request: list the number, list it again, or merge a further request into its entry."""
    at = times.text(write.at)
    if current is None or current.status_at(write.at) != LISTED:
        return Outcome(_new(account_id, current, request, write), created=True)
    if request.key and request.key in current.request_keys:
        return Outcome(current, created=False, changed=False)
    merged = replace(
        current,
        sources=current.sources | request.sources | {str(request.source)},
        requested_at=min(current.requested_at, request.requested_at) if current.requested_at else request.requested_at,
        last_requested_at=max(current.last_requested_at, request.requested_at, request.last_requested_at),
        details={**request.details, **current.details},
        expires_at=_longer(current.expires_at, request.expires_at),
        request_keys=_remember(current.request_keys, request.key),
        # A request of its own makes the number more than a reading of another one.
        reading_of=current.reading_of if request.reading_of else None,
        also_listed=tuple(dict.fromkeys((*current.also_listed, *request.also_listed))),
        version=current.version + 1,
        changed_at=at,
        changed_by=write.actor.item(),
        change=Change.REQUESTED_AGAIN,
        request_id=write.request_id,
    )
    return Outcome(merged, created=False)


def remove(current: Entry, removal: Mapping[str, Any], write: Write) -> Entry:
    """Give the tombstone of an entry: the row of what was listed, with the reason, the evidence and the actor."""
    at = times.text(write.at)
    told = {**removal, "removed_at": at, "removed_by": write.actor.item()}
    if current.expires_at is not None:
        told["expires_at"] = times.from_epoch(current.expires_at)
    return replace(
        current,
        status=REMOVED,
        removal=told,
        expires_at=None,
        version=current.version + 1,
        changed_at=at,
        changed_by=write.actor.item(),
        change=Change.REMOVED,
        request_id=write.request_id,
    )


def restore(current: Entry, write: Write) -> Entry:
    """Take a removal back: the original request and its evidence, listed again. An expiry that has passed stays off."""
    expires_at = None
    written = (current.removal or {}).get("expires_at")
    if written:
        expires_at = times.epoch(times.parse(written))
        if expires_at <= write.at.timestamp():
            expires_at = None
    return replace(
        current,
        status=LISTED,
        removal=None,
        expires_at=expires_at,
        version=current.version + 1,
        changed_at=times.text(write.at),
        changed_by=write.actor.item(),
        change=Change.RESTORED,
        request_id=write.request_id,
    )


def request_of(entry: Entry, numbers: tuple[str, ...], number: str) -> Request:
    """Return the request that an entry records, for the number that was meant: only the digits were wrong.

    `numbers`: every reading of that number, the most likely first; `number`: one of them.
    """
    return Request(
        number=number,
        source=Source(entry.source),
        requested_at=entry.requested_at,
        details=dict(entry.details),
        expires_at=entry.expires_at,
        key=entry.request_keys[-1] if entry.request_keys else None,
        **as_reading(numbers, number),
    )


def as_reading(numbers: tuple[str, ...], number: str) -> dict[str, Any]:
    """Return the fields of a request that say how one reading belongs to the others. `numbers`: as in `request_of`."""
    first, *others = numbers
    return {"also_listed": tuple(others)} if number == first else {"reading_of": first}


def _new(account_id: str, before: Entry | None, request: Request, write: Write) -> Entry:
    at = times.text(write.at)
    return Entry(
        account_id=account_id,
        number=request.number,
        status=LISTED,
        source=str(request.source),
        sources=request.sources | {str(request.source)},
        requested_at=request.requested_at,
        last_requested_at=max(request.requested_at, request.last_requested_at),
        listed_at=at,
        listed_by=write.actor.item(),
        version=before.version + 1 if before else 1,
        changed_at=at,
        changed_by=write.actor.item(),
        change=Change.RELISTED if before else Change.LISTED,
        request_id=write.request_id,
        details=dict(request.details),
        request_keys=_remember((), request.key),
        expires_at=request.expires_at,
        reading_of=request.reading_of,
        also_listed=request.also_listed,
    )


def _longer(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)


def _remember(keys: tuple[str, ...], key: str | None) -> tuple[str, ...]:
    return (*keys, key)[-REMEMBERED_REQUEST_KEYS:] if key else keys
