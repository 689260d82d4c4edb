"""Turns an add as a client sent it into the requests to store.

Imperfect data must not lose an opt-out: it is corrected here, and each correction is a warning in the response.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dnc import times
from dnc.accounts.access import Action, Caller, Role
from dnc.api.number_requests import AddNumber
from dnc.entries import written_times
from dnc.entries.channel_words import channels_named
from dnc.entries.entry import (
    BOTH_CHANNELS,
    CLOCK_SKEW,
    DETAILS,
    EXPIRING_SOURCES,
    LONGEST_NOTE,
    LONGEST_TEXT,
    SKIPPABLE_SOURCES,
    Request,
    Source,
    as_reading,
    may_cover_one_channel,
)
from dnc.phone import reader as phone
from dnc.problems import InvalidRequest

INTAKE_SOURCES = frozenset(
    {
        Source.INBOUND_CALL,
        Source.SMS,
        Source.IVR,
        Source.WEB,
        Source.EMAIL,
        Source.LETTER,
        Source.COMPLAINT,
        Source.DISPOSITION,
    }
)
"""The sources that an intake credential may send. Any other source is recorded as `web`."""
LONGEST = {"note": LONGEST_NOTE, "acting_user": 128}

type Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ReadAdd:
    """An add as it is stored: a request for each reading of the number, the acting user, and what was corrected."""

    requests: tuple[Request, ...]
    acting_user: str | None
    warnings: tuple[str, ...]


def read_add(add: AddNumber, caller: Caller, now: datetime, default_region: str | None) -> ReadAdd:
    """Read an add. `default_region`: the account's. Raises InvalidNumber, and InvalidRequest for an unknown source."""
    readings = phone.read(add.number, add.region or default_region)
    source = _source(add.source, caller)
    warnings = list(readings.warnings)
    requested_at = _requested_at(add, now, warnings.append)
    details = {name: cut(name, value, warnings.append) for name in DETAILS if (value := getattr(add, name, None))}
    if requested_at.text:
        details["requested_at_text"] = cut("requested_at", requested_at.text, lambda _: None)
    key = add.request_key or add.call_id
    first = Request(
        number=readings.numbers[0],
        source=source,
        requested_at=times.text(requested_at.moment),
        details=details,
        expires_at=_expiry(add, source, caller, now, warnings.append),
        key=key.strip() if key else None,
        content=_content(add, readings.numbers),
        stated_at=times.text(requested_at.moment) if requested_at.is_stated else None,
        channels=_channels(add, details, warnings.append),
        skip_removed=add.skip_removed and source in SKIPPABLE_SOURCES and caller.may(Action.REMOVE),
    )
    acting_user = cut("acting_user", add.acting_user, warnings.append) if add.acting_user else None
    requests = [replace(first, number=n, **as_reading(readings.numbers, n)) for n in readings.numbers]
    return ReadAdd(tuple(requests), acting_user, tuple(warnings))


def _source(written: str, caller: Caller) -> Source:
    """Return the request's source. An intake form may only send what a person can do; anything else becomes `web`."""
    known = Source(written) if written in set(Source) else None
    if caller.role is Role.INTAKE:
        return known if known in INTAKE_SOURCES else Source.WEB
    if known is None:
        raise InvalidRequest.of("source", f"must be one of {', '.join(Source)}")
    return known


def cut(name: str, text: str, warn: Warn) -> str:
    """Return a text without surrounding space, cut to the length of its field with a warning."""
    text, longest = text.strip(), LONGEST.get(name, LONGEST_TEXT)
    if len(text) <= longest:
        return text
    warn(f"{name} was cut to {longest:,} characters")
    return text[:longest].rstrip()


@dataclass(frozen=True, slots=True)
class _RequestedAt:
    moment: datetime
    text: str | None = None
    """What was sent, if it was not an RFC 3339 time in the past."""
    is_stated: bool = False
    """Whether the client stated a time that could be read and has passed."""


def _requested_at(add: AddNumber, now: datetime, warn: Warn) -> _RequestedAt:
    sent = add.requested_at
    if sent is None:
        return _RequestedAt(now)
    moment = written_times.read(sent)
    if moment is None:
        warn("requested_at could not be read: the request counts as made now")
        return _RequestedAt(now, str(sent))
    if moment > now + CLOCK_SKEW:
        warn("requested_at is in the future: the request counts as made now")
        return _RequestedAt(now, str(sent))
    if written_times.is_exact(sent):
        return _RequestedAt(min(moment, now), is_stated=True)
    warn(f"requested_at was read as {times.text(moment)}: send it as RFC 3339 with an offset")
    return _RequestedAt(min(moment, now), str(sent), is_stated=True)


def _expiry(add: AddNumber, source: Source, caller: Caller, now: datetime, warn: Warn) -> int | None:
    """Return the expiry in epoch seconds, or None with a warning if it cannot be honored.

    A block that lasts too long is safer than one wrong call.
    """
    if add.expires_at is None:
        return None
    if not caller.may(Action.SET_EXPIRY):
        warn("expires_at was left out: only a manager and above may set an expiry")
        return None
    if source not in EXPIRING_SOURCES:
        allowed = ", ".join(sorted(EXPIRING_SOURCES))
        warn(f"expires_at was left out: it is only for the sources {allowed}")
        return None
    moment = written_times.read(add.expires_at, end_of_day=True)
    if moment is None:
        warn("expires_at was left out: it could not be read")
        return None
    if moment <= now:
        warn("expires_at was left out: it is in the past")
        return None
    if not written_times.is_exact(add.expires_at):
        warn(f"expires_at was read as {times.text(moment)}: send it as RFC 3339 with an offset")
    return times.epoch(moment)


def _channels(add: AddNumber, details: Mapping[str, str], warn: Warn) -> frozenset[str]:
    """Return the channels that the request covers: both, with a warning, if what was sent cannot be honored."""
    if add.channels is None:
        return BOTH_CHANNELS
    named = channels_named(add.channels)
    if named is None:
        warn(f"channels could not be read, so the request covers both: send {' or '.join(sorted(BOTH_CHANNELS))}")
        return BOTH_CHANNELS
    if named != BOTH_CHANNELS and not may_cover_one_channel(details):
        warn("the request covers both channels: a request for a single channel needs a note or a call_id")
        return BOTH_CHANNELS
    return named


def _content(add: AddNumber, numbers: Sequence[str]) -> str:
    """Return what the client sent in one canonical form, without `acting_user` and defaults.

    A different content under the same key is a further request.
    """
    sent = add.model_dump(mode="json", exclude={"acting_user", "region"}, exclude_defaults=True, exclude_none=True)
    channels = channels_named(sent.pop("channels", ())) or BOTH_CHANNELS
    if channels != BOTH_CHANNELS:
        sent["channels"] = sorted(channels)
    return json.dumps({**sent, "number": list(numbers)}, sort_keys=True, ensure_ascii=False)
