"""List numbers: `POST …/numbers` and `POST …/numbers/batch`."""

from typing import Any

from dnc import adding, answers, aws, times
from dnc.access import Role
from dnc.accounts import Accounts
from dnc.config import Settings
from dnc.http import Answer, Api, Call, read_body
from dnc.models import AddNumber, AddNumbers
from dnc.problems import DncError
from dnc.store import Numbers

api = Api()
settings = Settings.from_env("NUMBERS_TABLE", "ACCOUNTS_TABLE")
accounts = Accounts(aws.client("dynamodb"), settings.accounts_table)


@api.route("POST", "/accounts/{account_id}/numbers", body=AddNumber, statuses=(201, 200, 202))
def add_number(call: Call) -> Answer:
    """Add a number to the account's DNC list."""
    status, answer = _add(call, call.body)
    return Answer(status, answer)


@api.route("POST", "/accounts/{account_id}/numbers/batch", body=AddNumbers, max_body=1024 * 1024)
def add_numbers(call: Call) -> Answer:
    """Add up to 100 numbers; one bad one harms no other."""
    accounts.remembered(call.account_id)
    return Answer(200, {"results": [_add_one_of(call, given, i) for i, given in enumerate(call.body.numbers)]})


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Serve API Gateway."""
    return api.answer(event)


def _add_one_of(call: Call, given: object, place: int) -> dict[str, Any]:
    try:
        status, answer = _add(call, read_body(AddNumber, given), place)
    except DncError as refused:
        return {"status": refused.status, "error": refused.problem(call.request_id)}
    return {"status": status, **(answer if status == 202 else {"entry": answer})}


def _add(call: Call, add: AddNumber, place: int | None = None) -> tuple[int, dict[str, Any]]:
    default_region = accounts.remembered(call.account_id).default_region
    write = call.write(add.acting_user, place)
    request, warnings = adding.request_of(add, call, write, default_region)
    outcome = Numbers(aws.client("dynamodb"), settings.numbers_table, call.account_id).add(request, write)
    if call.caller.role is Role.INTAKE:
        return 202, {"accepted": True}
    return 201 if outcome.created else 200, answers.entry(outcome.entry, times.now(), call.caller, warnings)
