"""Remove numbers with a reason, reverse removals, and list the reasons."""

from typing import Any

from dnc import times
from dnc.accounts.access import Action
from dnc.accounts.store import Accounts
from dnc.api import entry_view
from dnc.api.http import Answer, Api, Call
from dnc.api.requests import RemoveNumber, RestoreNumber
from dnc.aws import clients
from dnc.entries import reasons
from dnc.entries.store import Numbers
from dnc.phone import reader as phone
from dnc.problems import InvalidNumber
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
    accounts.remembered(call.account_id)
    restored = _numbers(call).restore(phone.from_path(call.path["number"]), body.if_version, write)
    return Answer(200, entry_view.as_json(restored, times.now(), call.caller))


@api.route("GET", "/removal-reasons")
def removal_reasons(_call: Call) -> Answer:
    """Return the valid removal reasons, and the refused ones with the rule that refuses them."""
    refused = [{"code": r.code, "label": r.label, "why": r.why} for r in reasons.REFUSED.values()]
    return Answer(200, {"reasons": [r.shown() for r in reasons.REASONS.values()], "refused": refused})


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve API Gateway."""
    return api.answer(event, context)


def _remove(call: Call, body: RemoveNumber) -> Answer:
    reasons.refuse_unaccepted(body.reason)
    write = call.person_write(body.acting_user)
    removal = _removal(body, accounts.remembered(call.account_id).default_region)
    may_order = call.caller.may(Action.REMOVE_BY_LEGAL_ORDER)
    removed = _numbers(call).remove(
        phone.from_path(call.path["number"]),
        removal,
        body.if_version,
        write,
        lambda entry: reasons.judge(entry, removal, may_order, write.at),
    )
    return Answer(200, entry_view.as_json(removed, times.now(), call.caller))


def _numbers(call: Call) -> Numbers:
    return Numbers(clients.dynamodb(), settings.numbers_table, call.account_id)


def _removal(body: RemoveNumber, default_region: str | None) -> dict[str, Any]:
    removal: dict[str, Any] = {"reason": body.reason}
    if body.note:
        removal["note"] = body.note
    if body.evidence:
        evidence = body.evidence.model_dump(exclude_none=True)
        removal["evidence"] = {n: v if isinstance(v, str) else times.text(v) for n, v in evidence.items()}
    if body.correct_number:
        try:
            removal["correct_number"] = phone.read(body.correct_number, body.region or default_region).numbers[0]
        except InvalidNumber as refused:
            raise InvalidNumber.of(refused.errors[0].message, "correct_number") from None
    return removal
