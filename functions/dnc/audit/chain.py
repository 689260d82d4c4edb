"""The hash chain that makes a history provable, and what an event stores.

Every event carries the digest of the event before it, and the head row holds the chain's length and last digest. So an
event that was changed, removed, forged or cut off the end is detected.

An event stores the row `after` a change and the old values of what `changed`. Personal fields are stored outside the
hashed part, in `personal`; the hashed part has a salted commitment to each of them. They can be erased later, and the
chain still verifies. A field that is missing without an `erased` event breaks the chain.
"""

import copy
import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dnc import times
from dnc.audit.changes import ENTRY_CHANGES, EventType, RecordedChange
from dnc.audit.keys import ACCOUNT, day_shard, shard
from dnc.aws import wire
from dnc.entries.entry import DETAILS, Change
from dnc.entries.status import channels_of

FORMAT = 2
NO_DIGEST = "0" * 64
MAX_MISSING = 100
_NOT_HASHED = frozenset({"digest", "personal"})
_STATED_BY_THE_EVENT = {
    "changed_at": "occurred_at",
    "changed_by": "actor",
    "change": "type",
    "request_id": "request_id",
}
"""The attributes of a row that its event states itself, with the event's names for them."""
_REMOVALS: dict[str, str] = {Change.REMOVED: "removal", Change.REMOVAL_REQUESTED: "pending_removal"}
"""The attribute of the row that holds the evidence, by the type of event."""
_PERSONAL = frozenset({"consumer_name", "note"})
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: its length in events, the digest of the last one, and the latest sequence of any event.

    `held`: the chain accepts no events until the ones held back are appended, in order.
    """

    length: int = 0
    digest: str = NO_DIGEST
    sequence: str = ""
    held: bool = False

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "Head":
        """Read a head row in DynamoDB's typed form. A head that was tampered with becomes one that matches no chain."""
        held = "held" in item
        if held and "length" not in item and "digest" not in item:
            return cls(held=True)
        try:
            sequence = str(item.get("sequence", {}).get("S", ""))
            return cls(int(item["length"]["N"]), item["digest"]["S"], sequence, held)
        except (KeyError, ValueError):
            return cls(-1, "", held=held)


def event(change: RecordedChange, head: Head, recorded_at: datetime) -> dict[str, Any]:
    """Return the row of an event, chained to the head."""
    recorded = times.text(recorded_at)
    row: dict[str, Any] = {
        "subject": change.subject,
        "event_key": change.sequence,
        "type": str(change.type),
        "index": head.length + 1,
        "format": FORMAT,
        "occurred_at": change.occurred_at,
        "actor": change.actor,
        "reason": change.reason,
        "after": _compact(change, change.after),
        **_difference(change),
        "request_id": change.request_id,
        "images": change.images,
        "recorded_late": True if change.sequence < head.sequence else None,
        "account_day_shard": day_shard(change.account_id, recorded[:10], shard(change.number)),
        "recorded_key": f"{recorded}#{change.sequence}#{change.number}",
        "previous_digest": head.digest,
    }
    row = {name: value for name, value in row.items() if value is not None}
    personal = dict(_take_personal(row))
    if personal:
        row["commitments"] = {path: _commitment(field) for path, field in personal.items()}
        row["personal"] = personal
    return row | {"digest": digest(row)}


def head_after(row: Mapping[str, Any], head: Head) -> Head:
    """Return the head of the chain that continues from `head` with this event."""
    return Head(int(row["index"]), str(row["digest"]), max(head.sequence, str(row["event_key"])))


def digest(row: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hex, of an event's canonical JSON, which includes the digest of the event before it.

    Canonical: every attribute except `digest` and `personal`, sorted by name, no white space, UTF-8, sets as sorted
    lists.
    """
    return hashlib.sha256(_canonical({n: v for n, v in row.items() if n not in _NOT_HASHED})).hexdigest()


def verify(
    rows: Sequence[Mapping[str, Any]],
    head: Head | None,
    *,
    current: Mapping[str, Any] | None = None,
    is_gone: bool = False,
) -> dict[str, Any]:
    """Verify a whole chain, in its order. Return `length`, `head_digest`, `intact`, `broken_at`, `complete`, `missing`.

    `current`: the entry's row, if every change up to its version should have an event by now. `is_gone`: the entry has
    no row, so the last event must say so.

    `broken_at` is the index, counted from 1, of the first event that does not fit: one that was changed or forged, the
    place of one that is missing, or one past the end if the head disagrees. `missing`: versions without an event.
    """
    end = head or Head()
    previous = Head()
    broken_at = None
    erased = _erased(rows)
    for row in rows:
        fits = row.get("index") == previous.length + 1 and row.get("previous_digest") == previous.digest
        fits = fits and row.get("digest") == digest(row) and (head is None or previous.length < end.length)
        if not fits or not _keeps_commitments(row, erased):
            broken_at = previous.length + 1
            break
        previous = head_after(row, previous)
    if broken_at is None and (previous.length, previous.digest) != (end.length, end.digest):
        length = end.length
        broken_at = max(0, min(previous.length, length)) + 1 if previous.length != length else max(length, 1)
    missing = missing_versions(rows, current)
    return {
        "length": head.length if head else len(rows),
        "head_digest": head.digest if head else (str(rows[-1].get("digest")) if rows else None),
        "intact": broken_at is None,
        "broken_at": broken_at,
        "complete": not missing and not (is_gone and _leaves_a_row(rows)),
        "missing": missing,
    }


def missing_versions(rows: Iterable[Mapping[str, Any]], current: Mapping[str, Any] | None = None) -> list[int]:
    """Return the versions (at most 100) of a row that have no event. `current`: as in `verify`.

    After a row was deleted, versions start again from 1, unless the row was put back.
    """
    missing: list[int] = []
    last, deleted = 0, False
    events = sorted(rows, key=_key)
    if current is not None:
        events.append(_change_after(current))
    for row in events:
        after = row.get("after")
        if not isinstance(after, Mapping):
            deleted = True
            continue
        try:
            version = int(after["version"])
        except (KeyError, TypeError, ValueError):
            continue
        if deleted and _kind(row) != EventType.REINSTATED:
            last = 0
        deleted = False
        if _kind(row) in ENTRY_CHANGES:
            missing += range(last + 1, min(version, last + 1 + MAX_MISSING))
        last = version
    return missing[:MAX_MISSING]


def _change_after(current: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event like the next change of a row would have. Every version before it needs its own event."""
    put_back = current.get("change") == Change.REINSTATED
    kind = EventType.REINSTATED if put_back else EventType.REQUESTED_AGAIN
    return {"type": kind, "after": {"version": int(current["version"]) + 1}}


def _leaves_a_row(rows: Sequence[Mapping[str, Any]]) -> bool:
    return bool(rows) and isinstance(max(rows, key=_key).get("after"), Mapping)


def in_order(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Sort a number's events as they were recorded: by index, then by key, because a forged event may share one."""
    return sorted((dict(r) for r in rows), key=lambda r: (_index(r), str(r.get("event_key"))))


def as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as the API shows it, with `before` and `request` computed. It does not fail for a forged row."""
    stored = with_personal(wire.plain(row))
    account_id, _, number = str(stored.get("subject", "")).rpartition("#")
    recorded_at = str(stored.get("recorded_key", "")).partition("#")[0]
    sequence = str(stored.get("event_key", ""))
    after, before = rows_of(stored)
    removal = _map(_map(after).get(_REMOVALS.get(_kind(stored), "")))
    return {
        "event_id": f"{account_id}-{sequence}-{hashlib.sha256(number.encode()).hexdigest()[:8]}",
        "type": stored.get("type"),
        "number": None if number == ACCOUNT else number,
        "index": stored.get("index"),
        "sequence": sequence,
        "occurred_at": stored.get("occurred_at"),
        "recorded_at": recorded_at,
        "recorded_late": bool(stored.get("recorded_late")),
        "actor": stored.get("actor"),
        "reason": stored.get("reason"),
        "evidence": removal.get("evidence") or None,
        "request": _request(_kind(stored), _map(after)),
        "before": before,
        "after": after,
        "images": stored.get("images"),
        "request_id": stored.get("request_id"),
        "format": stored.get("format"),
        "commitments": stored.get("commitments") or {},
        "previous_digest": stored.get("previous_digest"),
        "digest": stored.get("digest"),
    }


def rows_of(row: Mapping[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the rows after and before an event's change. `row`: the event with its personal fields in place."""
    account_id, _, number = str(row.get("subject", "")).rpartition("#")
    key = {} if number == ACCOUNT else {"account_id": account_id, "number": number}
    stored = row.get("after")
    after = {**key, **stored} if isinstance(stored, Mapping) else None
    if "changed" not in row:
        before = None
    else:
        added = row["added"] if isinstance(row.get("added"), list) else ()
        before = {**key, **{n: v for n, v in _map(stored).items() if n not in added}, **_map(row["changed"])}
    if after is not None and _kind(row) in ENTRY_CHANGES:
        after |= {name: row.get(stated) for name, stated in _STATED_BY_THE_EVENT.items()}
    return after, before


def with_personal(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event with its personal fields in place. Erased fields are missing."""
    whole = copy.deepcopy({name: value for name, value in row.items() if name != "personal"})
    for path, field in _map(row.get("personal")).items():
        target = whole
        *parents, name = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]] or [""]
        for parent in parents:
            target = target.get(parent) if isinstance(target, dict) else None  # type: ignore[assignment]
        if isinstance(target, dict) and isinstance(field, Mapping):
            target[name] = field.get("value")
    return whole


def _compact(change: RecordedChange, row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a row without the attributes that its event states itself."""
    if row is None:
        return None
    left_out = {"account_id", "number"} | (set(_STATED_BY_THE_EVENT) if change.type in ENTRY_CHANGES else set())
    return {name: copy.deepcopy(value) for name, value in row.items() if name not in left_out}


def _difference(change: RecordedChange) -> dict[str, Any]:
    """Return `changed` (old values) and `added` (names of new attributes), or neither for a new row."""
    if change.before is None:
        return {}
    after, before = _compact(change, change.after) or {}, _compact(change, change.before) or {}
    changed = {name: value for name, value in before.items() if name not in after or after[name] != value}
    added = sorted(name for name in after if name not in before)
    return {"changed": changed, **({"added": added} if added else {})}


def _take_personal(row: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Take the personal fields out of an event. Yield the path of each (a JSON pointer), with its value and salt."""
    for name in ("after", "changed"):
        yield from _take(row.get(name), f"/{name}", lambda field: field in _PERSONAL)


def _take(fields: Any, path: str, is_personal: Callable[[str], bool]) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(fields, dict):
        return
    for name in list(fields):
        pointer = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        if is_personal(name):
            yield pointer, {"value": fields.pop(name), "salt": secrets.token_hex(_SALT_BYTES)}
        else:
            # Every field of a removal's evidence is free text.
            yield from _take(fields[name], pointer, (lambda _: True) if name == "evidence" else is_personal)


def _commitment(field: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hex, of a personal field: its salt (16 bytes), then its value as canonical JSON."""
    return hashlib.sha256(bytes.fromhex(str(field["salt"])) + _canonical(field["value"])).hexdigest()


def _keeps_commitments(row: Mapping[str, Any], erased: frozenset[tuple[str, str]]) -> bool:
    """Return whether every personal field matches its commitment, or was erased by an event that says so."""
    personal, commitments = _map(row.get("personal")), _map(row.get("commitments"))
    if not personal.keys() <= commitments.keys():
        return False
    for path, commitment in commitments.items():
        if path not in personal:
            if (str(row.get("event_key")), path) not in erased:
                return False
            continue
        try:
            if _commitment(personal[path]) != commitment:
                return False
        except (KeyError, TypeError, ValueError):
            return False
    return True


def _erased(rows: Iterable[Mapping[str, Any]]) -> frozenset[tuple[str, str]]:
    """Return the fields that `erased` events name: `after.fields` maps an event's key to a list of its paths."""
    found = set()
    for row in rows:
        if _kind(row) == EventType.ERASED:
            fields = _map(_map(row.get("after")).get("fields"))
            found |= {(key, str(path)) for key, paths in fields.items() if isinstance(paths, list) for path in paths}
    return frozenset(found)


def _request(kind: str, after: Mapping[str, Any]) -> Any:
    """Return the do-not-call request that an event records, in full."""
    if kind == Change.REQUESTED_AGAIN:
        last = _map(after.get("last_request"))
        return {**last, "channels": sorted(channels_of(last))} if last else None
    if kind not in {Change.LISTED, Change.RELISTED}:
        return None
    request = {name: after.get(name) for name in ("source", "requested_at")}
    request |= {name: after[name] for name in DETAILS if name in after}
    request["channels"] = sorted(channels_of(after))
    expires_at = after.get("expires_at")
    if isinstance(expires_at, int):
        request["expires_at"] = times.from_epoch(expires_at)
    return {**request, "requested_by": after.get("listed_by")}


def _canonical(value: Any) -> bytes:
    written = json.dumps(wire.plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return written.encode()


def _map(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _kind(row: Mapping[str, Any]) -> str:
    return str(row.get("type"))


def _key(row: Mapping[str, Any]) -> str:
    return str(row.get("event_key"))


def _index(row: Mapping[str, Any]) -> int:
    try:
        return int(row.get("index", 0))
    except (TypeError, ValueError):
        return 0
