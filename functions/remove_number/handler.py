"""Remove numbers with a reason, reverse removals, and list the reasons."""

from typing import Any

from dnc import times
from dnc.accounts.access import Action
from dnc.accounts.store import Accounts
from dnc.api import entry_view, path_number
from dnc.api.http import Answer, Api, Call
from dnc.api.requests import RemoveNumber, RestoreNumber
from dnc.aws import clients
from dnc.entries import reasons
from dnc.entries.entry import Entry
from dnc.entries.status import is_listed
from dnc.entries.store import Numbers
from dnc.phone import reader as phone
from dnc.phone.forms import Readings
from dnc.problems import FieldError, InvalidNumber, NotListed, RemovalRefused
from dnc.settings import Settings

api = Api()
settings = Settings.from_env("NUMBERS_TABLE", "ACCOUNTS_TABLE")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


@api.route("DELETE", "/accounts/{account_id}/numbers/{number}")
def remove_number(call: Call, body: RemoveNumber) -> Answer:
    """Remove a number from the list, for a valid reason with its evidence."""
    return _remove(call, body)


@api.route("POST", "/accounts/{account_id}/numbers/{number}/removal")
def remove_number_by_post(call: Call, body: RemoveNumber) -> Answer:
    """Remove a number exactly as DELETE does, for clients whose proxies drop the body of a DELETE."""
    return _remove(call, body)


@api.route("POST", "/accounts/{account_id}/numbers/{number}/restore")
def restore_number(call: Call, body: RestoreNumber) -> Answer:
    """Reverse a removal: the original request and its evidence are listed again."""
    write = call.person_write(body.acting_user)
    default_region = accounts.remembered(call.account_id).default_region
    numbers = _numbers(call)
    number = path_number.number_of_entry(numbers, call.path["number"])
    try:
        restored = numbers.restore(number, body.if_version, write)
    except NotListed as failed:
        raise path_number.not_listed(failed.detail, call.path["number"], default_region) from None
    return Answer(200, entry_view.as_json(restored, times.now(), call.caller))


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
    default_region = accounts.remembered(call.account_id).default_region
    numbers = _numbers(call)
    number = path_number.number_of_entry(numbers, call.path["number"])
    removal = _removal(body, number, default_region)
    may_order = call.caller.may(Action.REMOVE_BY_LEGAL_ORDER)
    try:
        removed = numbers.remove(
            number,
            removal,
            body.if_version,
            write,
            lambda entry: reasons.remove(entry, removal, write, may_order=may_order),
        )
    except NotListed as failed:
        raise path_number.not_listed(failed.detail, call.path["number"], default_region) from None
    view = entry_view.as_json(removed, times.now(), call.caller)
    still = _still_blocked_by(numbers, removed)
    return Answer(200, view | {"still_blocked_by": still} if still else view)


def _still_blocked_by(numbers: Numbers, removed: Entry) -> list[str]:
    """Return the listed numbers (E.164) by which checks still block the phone: its other forms and readings."""
    related = (*phone.lookups(removed.number), *removed.also_listed, *filter(None, [removed.reading_of]))
    others = [number for number in dict.fromkeys(related) if number != removed.number]
    rows, now = numbers.statuses(others), times.now()
    return [number for number in others if number in rows and is_listed(rows[number], now)]


def _numbers(call: Call) -> Numbers:
    return Numbers(clients.dynamodb(), settings.numbers_table, call.account_id)


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
    """Return the number (E.164) that the evidence names: the entry's, if its written form can mean it."""
    read = _read(written, region, "evidence.number")
    return removed if removed in read.lookups else read.numbers[0]


def _correct_numbers(written: str, removed: str, region: str | None) -> dict[str, Any]:
    """Return the number that was meant, with its other readings if its written form is ambiguous."""
    read = _read(written, region, "correct_number")
    if not set(read.lookups).isdisjoint(phone.lookups(removed)):
        message = "must be another number than the one removed"
        raise RemovalRefused(f"correct_number {message}.", [FieldError("correct_number", message)])
    first, *others = read.numbers
    return {"correct_number": first, **({"other_readings": others} if others else {})}


def _read(written: str, region: str | None, field: str) -> Readings:
    try:
        return phone.read(written, region)
    except InvalidNumber as refused:
        raise InvalidNumber.of(refused.errors[0].message, field) from None
