"""The check over HTTP: `POST …/checks`. A function of its own, so that the direct check loads nothing of HTTP."""

from typing import Any

from dnc import times
from dnc.accounts.profiles import Profiles
from dnc.api.http import Answer, Api, Call
from dnc.api.requests import CheckNumbers
from dnc.aws import clients
from dnc.checks import check as checking
from dnc.entries.statuses import Statuses
from dnc.problems import FieldError, Forbidden, TooLarge, too_many
from dnc.settings import Settings

api = Api()
settings = Settings.from_env("NUMBERS_TABLE", "ACCOUNTS_TABLE")
accounts = Profiles(clients.dynamodb(), settings.accounts_table)


@api.route("POST", "/accounts/{account_id}/checks", max_body=1024 * 1024)
def check_numbers(call: Call, body: CheckNumbers) -> Answer:
    """Check up to 1,000 numbers against the account's own list."""
    if len(body.numbers) > checking.MAX_NUMBERS:
        error = FieldError("numbers", too_many(checking.MAX_NUMBERS))
        raise TooLarge(f"A check takes up to {checking.MAX_NUMBERS:,} numbers.", [error])
    profile = checking.remembered_profile(accounts, call.account_id)
    if profile.suspended:
        raise Forbidden("The account is suspended. Do not call.")
    numbers = Statuses(clients.dynamodb(), settings.numbers_table, call.account_id)
    return Answer(200, checking.check(numbers, profile, body.numbers, body.region, times.now()))


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Serve API Gateway."""
    return api.answer(event)
