"""What an entry is and how requests change it: pure functions, no I/O.

An entry is one E.164 number of one account. Times are RFC 3339 UTC text; `expires_at` is epoch seconds. Requests are
never mixed: an entry's own fields are from the request that listed it, and `last_request` holds the latest further
request in full.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from dnc import times
from dnc.entries import status
from dnc.entries.status import channels_of, expiry_of, status_of, whole_number

LISTED, REMOVED, EXPIRED = status.LISTED, status.REMOVED, status.EXPIRED
LISTED_ACCOUNT = "listed_account"
"""An attribute that only listed rows have. It repeats the account, as the key of the index of listed rows."""
REMEMBERED_REQUEST_KEYS = 20
REMEMBERED_CAMPAIGNS = 20
LONGEST_NOTE, LONGEST_TEXT = 2000, 200
"""The most characters in a note, and in any other text of a request."""
CLOCK_SKEW = timedelta(minutes=5)
"""Clock skew tolerated in request dates."""
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
"""What 16 CFR 310.5(a)(10) requires a record to keep besides the number and the date, which every entry has."""
_DIGEST_BYTES = 16


class Source(StrEnum):
    """How a number came to be listed: what the person did, or how it was brought in."""

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


class Channel(StrEnum):
    """A way to reach a person. A do-not-call request covers one channel or both."""

    TEXT = "text"
    VOICE = "voice"


BOTH_CHANNELS = frozenset(str(channel) for channel in Channel)
EXPIRING_SOURCES = frozenset(Source(source) for source in status.EXPIRING_SOURCES)
SKIPPABLE_SOURCES = frozenset({Source.MANUAL, Source.IMPORT, Source.REGISTRY, Source.SUPPRESSION})
"""The sources for which an add may leave a removed number removed (`skip_removed`)."""


class Change(StrEnum):
    """What the last write of an entry did. Its audit event has the same name."""

    LISTED = "listed"
    REQUESTED_AGAIN = "requested_again"
    REMOVED = "removed"
    RESTORED = "restored"
    RELISTED = "relisted"
    REINSTATED = "reinstated"
    REMOVAL_REQUESTED = "removal_requested"
    REMOVAL_REJECTED = "removal_rejected"
    REMOVAL_WITHDRAWN = "removal_withdrawn"
    REMOVAL_LAPSED = "removal_lapsed"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who made a change: the credential, and the person it acted for, if known."""

    principal: str
    acting_user: str | None = None

    def item(self) -> dict[str, Any]:
        """Return the actor as it is stored and shown."""
        return {"principal": self.principal, "acting_user": self.acting_user}


OUTSIDE = Actor("outside:unknown")
"""The actor for a row that does not say who wrote it."""


@dataclass(frozen=True, slots=True)
class Write:
    """When (UTC) and by whom a write is made, and the id of the API request that caused it."""

    at: datetime
    actor: Actor
    request_id: str


@dataclass(frozen=True, slots=True)
class Request:
    """One do-not-call request for one number (E.164). `expires_at`: epoch seconds or None.

    `key`, `content`: the idempotency key, and what the client sent, in one canonical form; a repeat has the same ones.
    `stated_at`: the request date, if the client stated one. `skip_removed`: leave a removed number removed.
    `sources`, `last_requested_at`: from further requests that an export is bringing back together with this one.
    `reading_of`: the number (E.164) whose ambiguous written form can also mean this one. `also_listed`: the numbers
    that the written form of this one can also mean. `channels`: what the request covers.
    `listed_elsewhere_at`: when the list that it is imported from listed the number, RFC 3339 UTC, or "".
    """

    number: str
    source: Source
    requested_at: str
    details: Mapping[str, str] = field(default_factory=dict)
    expires_at: int | None = None
    key: str | None = None
    content: str = ""
    stated_at: str | None = None
    skip_removed: bool = False
    sources: frozenset[str] = frozenset()
    last_requested_at: str = ""
    reading_of: str | None = None
    also_listed: tuple[str, ...] = ()
    channels: frozenset[str] = BOTH_CHANNELS
    listed_elsewhere_at: str = ""

    def full(self, actor: Actor) -> dict[str, Any]:
        """Return the whole request, as `last_request` stores it and an event shows it. `actor`: who recorded it."""
        whole_request: dict[str, Any] = {"source": str(self.source), "requested_at": self.requested_at, **self.details}
        if self.expires_at is not None:
            whole_request["expires_at"] = times.from_epoch(self.expires_at)
        if self.channels != BOTH_CHANNELS:
            whole_request["channels"] = sorted(self.channels)
        return {**whole_request, "requested_by": actor.item()}


@dataclass(frozen=True, slots=True)
class Entry:
    """One number of one account, listed or removed.

    `pending_removal`: a removal that waits for a second person (`dnc.entries.pending`).
    `channels`: what is blocked. A row states them only if it does not block both. `listed_elsewhere_at`: when another
    list listed the number, RFC 3339 UTC; "" if an earlier request was imported without that date.
    `odd_version`: the stored version if it is not a positive whole number, which means that it was edited by hand.
    """

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
    campaign_ids: tuple[str, ...] = ()
    requests: int = 1
    last_request: Mapping[str, Any] | None = None
    reading_of: str | None = None
    also_listed: tuple[str, ...] = ()
    pending_removal: Mapping[str, Any] | None = None
    channels: frozenset[str] = BOTH_CHANNELS
    listed_elsewhere_at: str | None = None
    odd_version: Any = field(default=None, compare=False)

    def item(self) -> dict[str, Any]:
        """Return the row as it is stored. Attributes without a value are left out."""
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
            "requests": self.requests,
            "version": self.version,
            "changed_at": self.changed_at,
            "changed_by": dict(self.changed_by),
            "change": self.change,
            "request_id": self.request_id,
            **self.details,
        }
        optional = {
            "request_keys": list(self.request_keys) or None,
            "campaign_ids": list(self.campaign_ids) or None,
            "expires_at": self.expires_at,
            "removal": dict(self.removal) if self.removal is not None else None,
            "last_request": dict(self.last_request) if self.last_request is not None else None,
            "reading_of": self.reading_of,
            "also_listed": list(self.also_listed) or None,
            "pending_removal": dict(self.pending_removal) if self.pending_removal is not None else None,
            "channels": set(self.channels) if self.channels != BOTH_CHANNELS else None,
            "listed_elsewhere_at": self.listed_elsewhere_at,
            LISTED_ACCOUNT: self.account_id if self.status == LISTED else None,
        }
        return row | {name: value for name, value in optional.items() if value is not None}

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Entry":
        """Read a stored row. It may have been edited by hand, so only its key is sure; unreadable values are left out.

        A row that the service cannot have written counts as listed, because over-blocking is safer than a wrong call.
        """
        source = _text(row.get("source")) or str(Source.MANUAL)
        version = whole_number(row.get("version"))
        is_removed = status_of(row, _BEFORE_ANY_EXPIRY) == REMOVED
        return cls(
            account_id=str(row["account_id"]),
            number=str(row["number"]),
            status=REMOVED if is_removed else LISTED,
            source=source,
            sources=frozenset(_texts(row.get("sources"))) or frozenset({source}),
            requested_at=_text(row.get("requested_at")),
            last_requested_at=_text(row.get("last_requested_at")),
            listed_at=_text(row.get("listed_at")),
            listed_by=_map(row.get("listed_by")) or OUTSIDE.item(),
            version=max(version or 0, 0),
            changed_at=_text(row.get("changed_at")),
            changed_by=_map(row.get("changed_by")) or OUTSIDE.item(),
            change=_text(row.get("change")),
            request_id=_text(row.get("request_id")),
            details={name: written for name in DETAILS if (written := _text(row.get(name)))},
            request_keys=tuple(_texts(row.get("request_keys"))),
            expires_at=expiry_of(row) if row.get("status") == LISTED else None,
            removal=_map(row.get("removal")) if is_removed else None,
            campaign_ids=tuple(_texts(row.get("campaign_ids"))),
            requests=max(whole_number(row.get("requests")) or 1, 1),
            last_request=_map(row.get("last_request")),
            reading_of=_text(row.get("reading_of")) or None,
            also_listed=tuple(_texts(row.get("also_listed"))),
            pending_removal=None if is_removed else _pending(row.get("pending_removal")),
            channels=channels_of(row),
            listed_elsewhere_at=elsewhere if isinstance(elsewhere := row.get("listed_elsewhere_at"), str) else None,
            odd_version=None if version and version > 0 else row.get("version"),
        )

    def status_at(self, moment: datetime) -> str:
        """Return `listed`, `removed` or `expired` at a moment. An expired row may not be deleted until much later."""
        if self.status == LISTED and self.expires_at is not None and self.expires_at <= moment.timestamp():
            return EXPIRED
        return self.status

    def pending_at(self, moment: datetime) -> Mapping[str, Any] | None:
        """Return the removal that waits for a second person at a moment, or None if there is none or it has lapsed."""
        pending = self.pending_removal
        return pending if pending and pending["lapses_at"] > times.text(moment) else None

    @property
    def missing_evidence(self) -> list[str]:
        """Return the fields that a do-not-call record should have (16 CFR 310.5(a)(10)) and that are missing here."""
        return [name for name in RECORD_OF_A_REQUEST if not self.details.get(name)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a request. `changed`: the entry must be stored; `created`: the number was not listed before."""

    entry: Entry
    created: bool
    changed: bool = True
    warnings: tuple[str, ...] = ()


def request_listing(account_id: str, current: Entry | None, request: Request, write: Write) -> Outcome:
    """Apply a do-not-call request: list the number, list it again, or record a further request in its entry."""
    if current is None or current.status_at(write.at) == EXPIRED:
        return Outcome(_new(account_id, current, request, write), created=True)
    repeated = is_repeat(current, request)
    if current.status == REMOVED:
        removed_at = str((current.removal or {}).get("removed_at", ""))
        is_older = request.stated_at is not None and request.stated_at <= removed_at
        if repeated and is_older:
            why = "this request was made before the number was removed: it stays removed"
            return Outcome(current, created=False, changed=False, warnings=(why,))
        if request.skip_removed and (request.stated_at is None or is_older):
            why = "the number was removed, and stays removed as requested"
            return Outcome(current, created=False, changed=False, warnings=(why,))
        return Outcome(_new(account_id, current, request, write), created=True)
    if repeated:
        return Outcome(current, created=False, changed=False)
    reused = request.key is not None and has_key(current, request.key)
    why = "the request_key (or call_id) was used before with other content: recorded as a further request"
    return Outcome(_further(current, request, write), created=False, warnings=(why,) if reused else ())


def is_repeat(current: Entry, request: Request) -> bool:
    """Return whether the entry has a request with the same key and the same content."""
    return request.key is not None and request_key(request.key, request.content) in current.request_keys


def has_key(current: Entry, key: str) -> bool:
    """Return whether the entry has a request with this key, whatever its content."""
    digest = _digest(key)
    return any(known.startswith(digest) for known in current.request_keys)


def request_key(key: str, content: str) -> str:
    """Return what an entry remembers of a request: 16-byte digests of its key and of its content, in hex."""
    return _digest(key) + _digest(content)


def restore(current: Entry, write: Write) -> Entry:
    """Reverse a removal: list the original request and its evidence again, without an expiry that has passed."""
    written = (current.removal or {}).get("expires_at")
    expires_at = times.epoch(times.parse(written)) if written and current.sources <= EXPIRING_SOURCES else None
    if expires_at is not None and expires_at <= write.at.timestamp():
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


def may_cover_one_channel(details: Mapping[str, str]) -> bool:
    """Return whether a request proves that it is for one channel only: it has a note or a call."""
    return bool(details.get("note") or details.get("call_id"))


def as_reading(numbers: tuple[str, ...], number: str) -> dict[str, Any]:
    """Return the fields that relate the request for one reading to the other readings. See `request_of`."""
    first, *others = numbers
    return {"also_listed": tuple(others)} if number == first else {"reading_of": first}


def request_of(entry: Entry, numbers: tuple[str, ...], number: str) -> Request:
    """Return the request of an entry whose number was entered wrong, for the number that was meant.

    `numbers`: every reading of that number, the most likely first; `number`: one of them.
    """
    return Request(
        number=number,
        source=Source(entry.source) if entry.source in set(Source) else Source.MANUAL,
        requested_at=entry.requested_at,
        details=dict(entry.details),
        expires_at=entry.expires_at,
        channels=entry.channels,
        **as_reading(numbers, number),
    )


def _new(account_id: str, before: Entry | None, request: Request, write: Write) -> Entry:
    at = times.text(write.at)
    campaign = request.details.get("campaign_id")
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
        request_keys=_remember((), request),
        expires_at=request.expires_at,
        campaign_ids=(campaign,) if campaign else (),
        reading_of=request.reading_of,
        also_listed=request.also_listed,
        channels=request.channels,
        listed_elsewhere_at=request.listed_elsewhere_at or None,
    )


def _further(current: Entry, request: Request, write: Write) -> Entry:
    campaigns = current.campaign_ids
    campaign = request.details.get("campaign_id")
    if campaign and campaign not in campaigns:
        campaigns = (*campaigns, campaign)[-REMEMBERED_CAMPAIGNS:]
    earliest = min(current.requested_at, request.requested_at) if current.requested_at else request.requested_at
    return replace(
        current,
        sources=current.sources | request.sources | {str(request.source)},
        requested_at=earliest,
        last_requested_at=max(current.last_requested_at, request.requested_at, request.last_requested_at),
        expires_at=_longer(current.expires_at, request.expires_at),
        request_keys=_remember(current.request_keys, request),
        campaign_ids=campaigns,
        requests=current.requests + 1,
        last_request=request.full(write.actor),
        # Once a number has been requested for itself, it is more than a reading of another one.
        reading_of=current.reading_of if request.reading_of else None,
        also_listed=tuple(dict.fromkeys((*current.also_listed, *request.also_listed))),
        pending_removal=None,
        channels=current.channels | request.channels,
        listed_elsewhere_at=_listed_elsewhere_at(current, request),
        version=current.version + 1,
        changed_at=times.text(write.at),
        changed_by=write.actor.item(),
        change=Change.REQUESTED_AGAIN,
        request_id=write.request_id,
    )


def _listed_elsewhere_at(current: Entry, request: Request) -> str | None:
    """Return the earliest date on which another list listed the number, or "" if an earlier request lacks it."""
    known = [at for at in (current.listed_elsewhere_at, request.listed_elsewhere_at) if at]
    if known:
        return min(known)
    is_imported = "import_id" in request.details and "import_id" not in current.details
    is_earlier = request.requested_at < current.requested_at
    if is_earlier and (is_imported or request.source in EXPIRING_SOURCES):
        return ""
    return current.listed_elsewhere_at


def _longer(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)


def _remember(keys: tuple[str, ...], request: Request) -> tuple[str, ...]:
    if not request.key:
        return keys
    return (*keys, request_key(request.key, request.content))[-REMEMBERED_REQUEST_KEYS:]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).digest()[:_DIGEST_BYTES].hex()


_BEFORE_ANY_EXPIRY = datetime.fromtimestamp(0, UTC)
"""A moment before any expiry. At this moment, a row is either listed or removed."""


def _text(value: object) -> str:
    return str(value) if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    if not isinstance(value, (set, frozenset, list, tuple)):
        return []
    return [inner for inner in value if isinstance(inner, str)]


def _map(value: object) -> dict[str, Any] | None:
    return dict(value) if isinstance(value, Mapping) and value else None


def _pending(value: object) -> dict[str, Any] | None:
    """Return a stored pending removal, or None if the service cannot have written it, so that nobody can approve it."""
    pending = _map(value) or {}
    asked_by = _map(pending.get("asked_by")) or {}
    needed = [*(pending.get(name) for name in ("reason", "asked_at", "lapses_at")), asked_by.get("principal")]
    return pending if all(_text(value) for value in needed) else None
