"""Put numbers on the list: `POST …/numbers`, `POST …/numbers/batch`, and `POST …/readings`, which stores nothing."""

from typing import Any

from dnc import times
from dnc.accounts.access import Role
from dnc.accounts.store import Accounts
from dnc.api import entry_view
from dnc.api.add_request import read_add
from dnc.api.http import Answer, Api, Call
from dnc.api.number_requests import AddNumber, AddNumbers, ReadNumbers
from dnc.api.request_reader import read_body
from dnc.audit import refused_adds
from dnc.aws import clients
from dnc.entries.store import Numbers
from dnc.phone import reader as phone
from dnc.problems import DncError, InvalidNumber
from dnc.settings import Settings

settings = Settings.from_env("NUMBERS_TABLE", "ACCOUNTS_TABLE", "EVENT_BUS")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


def _report_refusal(event: dict[str, Any], failed: DncError) -> None:
    if event["resource"] in _ADDS:
        context = (event.get("requestContext") or {}).get("authorizer") or {}
        account_id = (event.get("pathParameters") or {}).get("account_id")
        refused_adds.report(
            clients.event_bridge(), settings.event_bus, failed.code, account_id, context.get("principal")
        )


_ADDS = {"/accounts/{account_id}/numbers", "/accounts/{account_id}/numbers/batch"}
api = Api(on_refusal=_report_refusal)


@api.route("POST", "/accounts/{account_id}/numbers", statuses=(201, 200, 202))
def add_number(call: Call, body: AddNumber) -> Answer:
    """Add a number to the account's DNC list."""
    return Answer(*_add(call, body))


@api.route("POST", "/accounts/{account_id}/numbers/batch", max_body=1024 * 1024)
def add_numbers(call: Call, body: AddNumbers) -> Answer:
    """Add up to 100 numbers; one bad add does not affect the others."""
    accounts.remembered(call.account_id)
    return Answer(200, {"results": [_add_from_batch(call, value, i) for i, value in enumerate(body.numbers)]})


@api.route("POST", "/accounts/{account_id}/readings")
def read_numbers(call: Call, body: ReadNumbers) -> Answer:
    """Return how written numbers are read, or why an add would refuse them, without storing anything."""
    profile = accounts.remembered(call.account_id)  # raises NotFound, even if the region is not needed
    region = body.region or profile.default_region
    return Answer(200, {"readings": [_reading(written, region) for written in body.numbers]})


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve API Gateway."""
    return api.answer(event, context)


def _reading(written: str, region: str | None) -> dict[str, Any]:
    try:
        read = phone.read(written, region)
    except InvalidNumber as refused:
        unread: dict[str, Any] = {"number": None, "national": None, "region": None, "readings": [], "warnings": []}
        return {"input": written, **unread, "error": refused.errors[0].message}
    numbers = [{"number": n, "national": phone.national(n), "region": phone.region_of(n)} for n in read.numbers]
    return {"input": written, **numbers[0], "readings": numbers, "warnings": list(read.warnings), "error": None}


def _add_from_batch(call: Call, value: object, index: int) -> dict[str, Any]:
    try:
        status, answer = _add(call, read_body(AddNumber, value), index)
    except DncError as refused:
        refused_adds.report(
            clients.event_bridge(), settings.event_bus, refused.code, call.account_id, call.caller.principal
        )
        return {"status": refused.status, "error": refused.problem(call.request_id)}
    return {"status": status, **(answer if status == 202 else {"entry": answer})}


def _add(call: Call, add: AddNumber, index: int | None = None) -> tuple[int, dict[str, Any]]:
    profile = accounts.remembered(call.account_id)
    read = read_add(add, call.caller, times.now(), profile.default_region)
    write = call.write(read.acting_user, index)
    numbers = Numbers(clients.dynamodb(), settings.numbers_table, call.account_id)
    outcomes = [numbers.add(request, write) for request in read.requests]
    if call.caller.role is Role.INTAKE:
        return 202, {"accepted": True}
    created = any(outcome.created for outcome in outcomes)
    warnings = (*read.warnings, *dict.fromkeys(warning for outcome in outcomes for warning in outcome.warnings))
    entry = entry_view.as_json(outcomes[0].entry, times.now(), call.caller, profile, warnings)
    return 201 if created else 200, entry
