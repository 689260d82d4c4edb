"""The rules of the list in plain Python: no I/O, and none of the service's code.

An `Entry` is what a number's row must say. Each function takes the entry (None: no row) and a request, and returns the
`Answer`: the HTTP status, the entry afterwards, and the event that the audit must have for it. Times are whole seconds.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

BOTH = frozenset({"voice", "text"})
MAY_EXPIRE = {"registry", "suppression"}
ENTERED_BY_STAFF = {"manual", "disposition", "import", "suppression"}
NEEDS_SECOND_PERSON = {"consent_given"}
LAPSES_AFTER = 7 * 24 * 3600


class Removal(NamedTuple):
    """What a removal asks for. `obtained_at`: when consent was given, or None for a reason that needs none."""

    reason: str
    obtained_at: int | None = None


class Pending(NamedTuple):
    """A removal that waits for a second person."""

    removal: Removal
    by: str
    lapses_at: int


class Did(NamedTuple):
    """The latest change of an entry: a repeat of exactly this request changes nothing. `waited`: it was approved."""

    what: str
    by: str
    removal: Removal | None = None
    waited: bool = False


@dataclass(frozen=True)
class Request:
    """A do-not-call request. `key`: the client's idempotency key."""

    source: str = "manual"
    channels: frozenset[str] = BOTH
    expires_at: int | None = None
    key: str | None = None

    @property
    def ends(self) -> int | None:
        return self.expires_at if self.source in MAY_EXPIRE else None


@dataclass(frozen=True)
class Entry:
    """One number of one account. `seen`: the requests with a key since it was listed.

    `made_by`: the import that listed it, if nothing has changed it since. `expired_at`: the expiry before a removal.
    """

    listed: bool
    version: int
    sources: frozenset[str]
    channels: frozenset[str]
    expires_at: int | None
    last_requested: int
    requests: int = 1
    seen: tuple[Request, ...] = ()
    pending: Pending | None = None
    did: Did | None = None
    expired_at: int | None = None
    made_by: str | None = None

    def is_listed(self, now: int) -> bool:
        return self.listed and not (self.expires_at is not None and self.expires_at <= now)

    def waits(self, now: int) -> Pending | None:
        return self.pending if self.pending and self.pending.lapses_at > now else None


class Answer(NamedTuple):
    status: int
    entry: Entry | None
    event: str | None = None


def is_callable(entry: Entry | None, number: str, prefixes: tuple[str, ...], channel: str | None, now: int) -> bool:
    listed = entry is not None and entry.is_listed(now) and (channel is None or channel in entry.channels)
    return not listed and not number.startswith(prefixes)


def add(entry: Entry | None, request: Request, now: int) -> Answer:
    if entry is None or not entry.is_listed(now):
        return _list(entry, request, now, 201)
    if request.key and request in entry.seen:
        return Answer(200, entry)
    return Answer(200, _further(entry, request, now), "requested_again")


def import_row(entry: Entry | None, import_id: str, made_at: int, now: int) -> Answer:
    """Import a file whose row is only the number. A row that says nothing new changes nothing."""
    request = Request("import")
    if entry is None or not entry.is_listed(now):
        listed = _list(entry, request, made_at, 200)
        return listed._replace(entry=replace(listed.entry, made_by=import_id))
    if "import" in entry.sources and entry.channels == BOTH and entry.expires_at is None:
        return Answer(200, entry)
    return Answer(200, _further(entry, request, entry.last_requested), "requested_again")


def undo_row(entry: Entry | None, import_id: str) -> Answer:
    if entry is None or not entry.listed or entry.made_by != import_id:
        return Answer(200, entry)
    return Answer(200, _removed(entry, Did("undone", "ann")), "removed")


def remove(entry: Entry | None, removal: Removal, if_version: int, person: str, now: int) -> Answer:
    if entry is None:
        return Answer(404, entry)
    waits, did = entry.waits(now), entry.did
    waits_already = waits is not None and (waits.removal, waits.by) == (removal, person)
    is_done = did is not None and did._replace(waited=False) == Did("removed", person, removal)
    if entry.version == if_version + 1 and (waits_already or is_done):
        return Answer(202 if entry.pending else 200, entry)
    if refused := _refused(entry, if_version, now):
        return Answer(refused, entry)
    if not _is_open(entry, removal, now):
        return Answer(422, entry)
    if removal.reason not in NEEDS_SECOND_PERSON:
        return Answer(200, _removed(entry, Did("removed", person, removal)), "removed")
    if waits:
        return Answer(202 if waits_already else 409, entry)
    pending = Pending(removal, person, now + LAPSES_AFTER)
    asked = replace(_changed(entry, Did("removal_requested", person)), pending=pending)
    return Answer(202, asked, "removal_requested")


def decide(entry: Entry | None, decision: str, if_version: int, person: str, now: int) -> Answer:
    """Approve, reject or withdraw a removal that waits. `decision`: the event that it makes."""
    if entry is None:
        return Answer(404, entry)
    did = entry.did
    is_repeat = did is not None and (did.what, did.by) == (decision, person)
    if is_repeat and entry.version == if_version + 1 and (did.waited or decision != "removed"):
        return Answer(200, entry)
    if refused := _refused(entry, if_version, now):
        return Answer(refused, entry)
    waits = entry.waits(now)
    if waits is None:
        return Answer(409, entry)
    if decision == "removal_rejected" or (decision == "removal_withdrawn" and person == waits.by):
        return Answer(200, _changed(entry, Did(decision, person)), decision)
    if decision == "removal_withdrawn" or person == waits.by:
        return Answer(403, entry)
    if not _is_open(entry, waits.removal, now):
        return Answer(422, entry)
    return Answer(200, _removed(entry, Did(decision, person, waits.removal, waited=True)), decision)


def lapse(entry: Entry | None, now: int) -> Answer:
    if entry is None or not entry.is_listed(now) or entry.pending is None or entry.waits(now):
        return Answer(200, entry)
    return Answer(200, _changed(entry, Did("removal_lapsed", "sweep")), "removal_lapsed")


def restore(entry: Entry | None, if_version: int, person: str, now: int) -> Answer:
    if entry is None:
        return Answer(404, entry)
    did = entry.did
    if did is not None and (did.what, did.by) == ("restored", person) and entry.version == if_version + 1:
        return Answer(200, entry)
    if entry.version != if_version or entry.listed:
        return Answer(409, entry)
    expires_at = entry.expired_at if entry.expired_at is not None and entry.expired_at > now else None
    restored = replace(_changed(entry, Did("restored", person)), listed=True, expires_at=expires_at, expired_at=None)
    return Answer(200, restored, "restored")


def _list(before: Entry | None, request: Request, at: int, status: int) -> Answer:
    entry = Entry(
        listed=True,
        version=before.version + 1 if before else 1,
        sources=frozenset({request.source}),
        channels=request.channels,
        expires_at=request.ends,
        last_requested=at,
        seen=(request,) if request.key else (),
    )
    return Answer(status, entry, "relisted" if before else "listed")


def _further(entry: Entry, request: Request, at: int) -> Entry:
    both_end = entry.expires_at is not None and request.ends is not None
    return replace(
        _changed(entry, None),
        sources=entry.sources | {request.source},
        channels=entry.channels | request.channels,
        expires_at=max(entry.expires_at, request.ends) if both_end else None,
        last_requested=max(entry.last_requested, at),
        requests=entry.requests + 1,
        seen=(*entry.seen, request) if request.key else entry.seen,
    )


def _removed(entry: Entry, did: Did) -> Entry:
    return replace(_changed(entry, did), listed=False, expires_at=None, expired_at=entry.expires_at)


def _changed(entry: Entry, did: Did | None) -> Entry:
    """Any change takes the next version, drops a removal that waits, and ends an import's right to undo."""
    return replace(entry, version=entry.version + 1, did=did, pending=None, made_by=None)


def _refused(entry: Entry, if_version: int, now: int) -> int | None:
    if entry.version != if_version:
        return 409
    return None if entry.is_listed(now) else 404


def _is_open(entry: Entry, removal: Removal, now: int) -> bool:
    if removal.reason == "test_number":
        return entry.sources <= ENTERED_BY_STAFF
    return removal.obtained_at is not None and entry.last_requested < removal.obtained_at <= now
