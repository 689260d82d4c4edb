"""Turn the add that a client sent into the request to store."""

from dnc import times
from dnc.accounts.access import Action, Caller
from dnc.api.requests import AddNumber
from dnc.entries.entry import AHEAD, DETAILS, EXPIRING_SOURCES, Request, Write
from dnc.phone import reader as phone
from dnc.problems import Forbidden, InvalidRequest


def request_of(
    add: AddNumber, caller: Caller, write: Write, default_region: str | None
) -> tuple[Request, tuple[str, ...]]:
    """Return the request to store and the warnings about it.

    A `requested_at` up to 5 minutes ahead counts as now, because clocks differ.
    Raises InvalidNumber, InvalidRequest and Forbidden.
    """
    read = phone.read(add.number, add.region or default_region)
    requested_at = add.requested_at or write.at
    if requested_at > write.at + AHEAD:
        raise InvalidRequest.of("requested_at", "is in the future")
    request = Request(
        number=read.e164,
        source=add.source,
        requested_at=times.text(min(requested_at, write.at)),
        details={name: value for name in DETAILS if (value := getattr(add, name, None))},
        expires_at=_expiry(add, caller, write),
        key=add.request_key or add.call_id,
    )
    return request, read.warnings


def _expiry(add: AddNumber, caller: Caller, write: Write) -> int | None:
    if add.expires_at is None:
        return None
    if not caller.may(Action.SET_EXPIRY):
        raise Forbidden("Only a manager and above may set an expiry.")
    if add.source not in EXPIRING_SOURCES:
        allowed = ", ".join(sorted(EXPIRING_SOURCES))
        raise InvalidRequest.of("expires_at", f"is only for the sources {allowed}: a person's request does not expire")
    if add.expires_at <= write.at:
        raise InvalidRequest.of("expires_at", "must be in the future")
    return times.epoch(add.expires_at)
