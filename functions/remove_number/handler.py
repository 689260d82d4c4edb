"""Remove numbers for a reason, with a second person's approval where required; reverse removals; list the reasons."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dnc import times
from dnc.accounts import second_person
from dnc.accounts.access import Action
from dnc.accounts.profiles import Profile
from dnc.accounts.second_person import Party
from dnc.accounts.store import Accounts
from dnc.api import entry_view, path_number
from dnc.api.http import Answer, Api, Call
from dnc.api.removal_requests import DecideRemoval, RemoveNumber, RestoreNumber
from dnc.aws import clients
from dnc.entries import pending, reasons
from dnc.entries.entry import Change, Entry, Write
from dnc.entries.related import numbers_of, prefixes_of
from dnc.entries.removal_store import Removals
from dnc.entries.status import is_listed
from dnc.phone import reader as phone
from dnc.phone.forms import Readings
from dnc.problems import FieldError, Forbidden, InvalidNumber, NotListed, RemovalRefused
from dnc.settings import Settings

api = Api()
settings = Settings.from_env("NUMBERS_TABLE", "ACCOUNTS_TABLE")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


NUMBER = "/accounts/{account_id}/numbers/{number}"


@api.route("DELETE", NUMBER, statuses=(200, 202))
def remove_number(call: Call, body: RemoveNumber) -> Answer:
    """Remove a number from the list, for a valid reason with its evidence."""
    return _remove(call, body)


@api.route("POST", f"{NUMBER}/removal", statuses=(200, 202))
def remove_number_by_post(call: Call, body: RemoveNumber) -> Answer:
    """Remove a number exactly as DELETE does, for clients whose proxies drop the body of a DELETE."""
    return _remove(call, body)


@api.route("POST", f"{NUMBER}/removal/approve")
def approve_removal(call: Call, body: DecideRemoval) -> Answer:
    """Approve a removal that another person requested: the number is removed."""
    write = call.person_write(body.acting_user)
    may_order = call.caller.may(Action.REMOVE_BY_LEGAL_ORDER)
    profile = accounts.remembered(call.account_id)
    prefixes = profile.prefixes  # read first, so that nothing is removed if they are unreadable

    def approve(entry: Entry) -> Entry:
        removal = pending.current(entry, write.at)
        _require_role_for(entry, removal, may_order)
        _require_another_person(call, removal, write)
        return pending.approve(entry, write, may_order=may_order)

    numbers, entry = _decide(call, body, profile, Change.REMOVED, write, approve)
    return _removed(call, numbers, entry, profile, prefixes)


@api.route("POST", f"{NUMBER}/removal/reject")
def reject_removal(call: Call, body: DecideRemoval) -> Answer:
    """Reject a pending removal: the number stays listed."""
    write = call.person_write(body.acting_user)

    def reject(entry: Entry) -> Entry:
        _require_role_for(entry, pending.current(entry, write.at), call.caller.may(Action.REMOVE_BY_LEGAL_ORDER))
        return pending.close(entry, Change.REMOVAL_REJECTED, write)

    return _still_listed(call, body, Change.REMOVAL_REJECTED, write, reject)


@api.route("POST", f"{NUMBER}/removal/withdraw")
def withdraw_removal(call: Call, body: DecideRemoval) -> Answer:
    """Withdraw the caller's own request for a removal, or any request as an admin: the number stays listed."""
    write = call.person_write(body.acting_user)

    def withdraw(entry: Entry) -> Entry:
        asked_by = pending.current(entry, write.at)["asked_by"]
        if not pending.is_same_person(asked_by, call.caller.principal, _person(call, body.acting_user)):
            why = "Only the person who requested a removal, an admin or an operator may withdraw it."
            call.require(Action.WITHDRAW_ANY_REMOVAL, why)
        return pending.close(entry, Change.REMOVAL_WITHDRAWN, write)

    return _still_listed(call, body, Change.REMOVAL_WITHDRAWN, write, withdraw)


@api.route("POST", f"{NUMBER}/restore")
def restore_number(call: Call, body: RestoreNumber) -> Answer:
    """Reverse a removal: the original request and its evidence are listed again."""
    write = call.person_write(body.acting_user)
    profile = accounts.remembered(call.account_id)
    numbers = _numbers(call)
    number = path_number.number_of_entry(numbers, call.path["number"])
    with _explained(call, profile):
        restored = numbers.restore(number, body.if_version, write)
    return Answer(200, entry_view.as_json(restored, times.now(), call.caller, profile))


@api.route("GET", "/removal-reasons")
def removal_reasons(_call: Call) -> Answer:
    """Return the valid removal reasons, and the refused ones with the rule that refuses them."""
    refused = [refused.as_json() for refused in reasons.REFUSED.values()]
    return Answer(200, {"reasons": [r.as_json() for r in reasons.REASONS.values()], "refused": refused})


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve API Gateway."""
    return api.answer(event, context)


def _remove(call: Call, body: RemoveNumber) -> Answer:
    write = call.person_write(body.acting_user)
    profile = accounts.profile(call.account_id)  # not from the cache, because its policy may have become stricter
    prefixes = profile.prefixes  # read first, so that nothing is removed if they are unreadable
    numbers = _numbers(call)
    number = path_number.number_of_entry(numbers, call.path["number"])
    removal = _removal(body, number, profile.default_region)
    may_order = call.caller.may(Action.REMOVE_BY_LEGAL_ORDER)
    person = _person(call, body.acting_user)

    def decide(entry: Entry) -> Entry:
        if pending.needs_approval(entry, body.reason, profile.approve_reasons, call.caller.principal, person, write.at):
            return pending.request(entry, removal, write, may_order=may_order)
        return reasons.remove(entry, removal, write, may_order=may_order)

    with _explained(call, profile):
        entry = numbers.remove(number, removal, body.if_version, write, decide)
    if entry.pending_removal:
        return Answer(202, entry_view.as_json(entry, times.now(), call.caller, profile))
    return _removed(call, numbers, entry, profile, prefixes)


def _removed(call: Call, numbers: Removals, entry: Entry, profile: Profile, prefixes: tuple[str, ...]) -> Answer:
    view = entry_view.as_json(entry, times.now(), call.caller, profile)
    still = _still_blocked_by(numbers, entry, prefixes)
    return Answer(200, view | {"still_blocked_by": still} if still else view)


def _still_listed(
    call: Call, body: DecideRemoval, change: Change, write: Write, close: Callable[[Entry], Entry]
) -> Answer:
    profile = accounts.remembered(call.account_id)
    _, entry = _decide(call, body, profile, change, write, close)
    return Answer(200, entry_view.as_json(entry, times.now(), call.caller, profile))


def _decide(
    call: Call,
    body: DecideRemoval,
    profile: Profile,
    change: Change,
    write: Write,
    decide: Callable[[Entry], Entry],
) -> tuple[Removals, Entry]:
    numbers = _numbers(call)
    number = path_number.number_of_entry(numbers, call.path["number"])
    with _explained(call, profile):
        return numbers, numbers.decide(number, change, body.if_version, write, decide)


@contextmanager
def _explained(call: Call, profile: Profile) -> Iterator[None]:
    """Add to a NotListed error how the path was read and which prefix blocks the number."""
    try:
        yield
    except NotListed as failed:
        written, region = call.path["number"], profile.default_region
        raise path_number.not_listed(failed.detail, written, region, profile.prefixes) from None


def _person(call: Call, acting_user: str | None) -> str | None:
    """Return the person behind the request: from the token, or as named by a platform that uses a key."""
    return call.caller.person or acting_user


def _require_role_for(entry: Entry, removal: Mapping[str, Any], may_order: bool) -> None:
    if reasons.needs_admin(entry, removal["reason"]) and not may_order:
        raise Forbidden("Only an admin or an operator may decide on this removal, because only they may make it.")


def _require_another_person(call: Call, removal: Mapping[str, Any], write: Write) -> None:
    asked_by, approver = removal["asked_by"], write.actor.item()
    why = second_person.why_not_another(
        Party.of(asked_by, accounts.made_by(call.account_id, str(asked_by["principal"]))),
        Party.of(approver, accounts.made_by(call.account_id, call.caller.principal), call.caller.person),
        only_people=bool(settings.oidc_issuer),
    )
    if why:
        raise Forbidden(why)


def _still_blocked_by(numbers: Removals, removed: Entry, prefixes: tuple[str, ...]) -> list[str]:
    """Return what still blocks the phone in a check: its other forms and readings that are listed, and prefixes."""
    related = numbers_of(removed)
    rows, now = numbers.statuses(related[1:]), times.now()
    listed = [number for number in related[1:] if number in rows and is_listed(rows[number], now)]
    return [*listed, *prefixes_of(related, prefixes)]


def _numbers(call: Call) -> Removals:
    return Removals(clients.dynamodb(), settings.numbers_table, call.account_id, settings.accounts_table)


def _removal(body: RemoveNumber, number: str, default_region: str | None) -> dict[str, Any]:
    region = body.region or default_region
    removal: dict[str, Any] = {"reason": body.reason}
    if body.note:
        removal["note"] = body.note
    if body.evidence:
        evidence = body.evidence.model_dump(exclude_none=True)
        removal["evidence"] = {n: v if isinstance(v, str) else times.text(v) for n, v in evidence.items()}
        if body.evidence.number:
            removal["evidence"]["number"] = _number_in_evidence(body.evidence.number, number, region)
    if body.correct_number:
        removal |= _correct_numbers(body.correct_number, number, region)
    return removal


def _number_in_evidence(written: str, removed: str, region: str | None) -> str:
    """Return the number (E.164) in the evidence. If its written form can mean the entry's number, it is that number."""
    read = _read(written, region, "evidence.number")
    return removed if removed in read.lookups else read.numbers[0]


def _correct_numbers(written: str, removed: str, region: str | None) -> dict[str, Any]:
    """Return the correct number, with its other readings if its written form is ambiguous."""
    read = _read(written, region, "correct_number")
    if not set(read.lookups).isdisjoint(phone.lookups(removed)):
        message = "must not be the number that is removed"
        raise RemovalRefused(f"correct_number {message}.", [FieldError("correct_number", message)])
    first, *others = read.numbers
    return {"correct_number": first, **({"other_readings": others} if others else {})}


def _read(written: str, region: str | None, field: str) -> Readings:
    try:
        return phone.read(written, region)
    except InvalidNumber as refused:
        raise InvalidNumber.of(refused.errors[0].message, field) from None
