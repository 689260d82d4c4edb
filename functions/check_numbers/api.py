"""The check over HTTP: `POST …/checks`. It is separate so that the direct check loads no HTTP code."""

from typing import Any

from dnc import times
from dnc.accounts.profiles import Profiles
from dnc.api.http import Answer, Api, Call
from dnc.api.number_requests import CheckNumbers
from dnc.aws import clients
from dnc.checks import check
from dnc.entries.status_reader import StatusReader
from dnc.problems import FieldError, Forbidden, TooLarge, too_many
from dnc.settings import Settings

api = Api()
settings = Settings.from_env("NUMBERS_TABLE", "ACCOUNTS_TABLE")
accounts = Profiles(clients.dynamodb(), settings.accounts_table)


@api.route("POST", "/accounts/{account_id}/checks", max_body=1024 * 1024)
def check_numbers(call: Call, body: CheckNumbers) -> Answer:
    """Check up to 1,000 numbers against the account's own list."""
    if len(body.numbers) > check.MAX_NUMBERS:
        error = FieldError("numbers", too_many(check.MAX_NUMBERS))
        raise TooLarge(f"A check takes up to {check.MAX_NUMBERS:,} numbers.", [error])
    profile = check.current_profile(accounts, call.account_id)
    if profile.suspended:
        raise Forbidden("The account is suspended. Do not call.")
    reader = StatusReader(clients.dynamodb(), settings.numbers_table, call.account_id)
    return Answer(200, check.check_numbers(reader, profile, body.numbers, body.region, times.now(), body.channel))


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve API Gateway."""
    return api.answer(event, context)
