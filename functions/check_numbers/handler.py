"""The check that dialers invoke before each call. An error raises, so that silence can't be read as clear.

The payload is `{"account_id", "numbers", "region"}`. `errorType` is the class name of what is raised: InvalidRequest,
AccountNotFound and AccountSuspended are final, Unavailable means try again, and until then do not call.
"""

from typing import Any

from dnc import aws, checking, logs, times
from dnc.accounts import Accounts
from dnc.config import Settings
from dnc.http import read_body
from dnc.models import DirectCheck
from dnc.problems import InvalidRequest as RefusedRequest
from dnc.problems import NotFound
from dnc.store import Numbers

settings = Settings.from_env("NUMBERS_TABLE", "ACCOUNTS_TABLE")
accounts = Accounts(aws.client("dynamodb"), settings.accounts_table)


class CheckFailed(Exception):
    """A check that gives no answer. Its message begins with its name, for callers that log messages alone."""

    def __init__(self, detail: str) -> None:
        """Take the words of the failure."""
        super().__init__(f"{type(self).__name__}: {detail}")


class InvalidRequest(CheckFailed):
    """The payload does not have the contract's form."""


class AccountNotFound(CheckFailed):
    """There is no such account: a misspelt one must not open the gates."""


class AccountSuspended(CheckFailed):
    """The account is suspended, and so are its checks."""


class Unavailable(CheckFailed):
    """The numbers could not be read. Try again; until then, do not call."""


def lambda_handler(event: object, _context: object) -> dict[str, Any]:
    """Check numbers for a dialer; see the module for what is raised."""
    try:
        request: DirectCheck = read_body(DirectCheck, event)
        profile = checking.remembered_profile(accounts, request.account_id)
        if not profile.suspended:
            numbers = Numbers(aws.client("dynamodb"), settings.numbers_table, profile.account_id, patience=5.0)
            return checking.check(numbers, profile, request.numbers, request.region, times.now())
    except RefusedRequest as refused:
        raise InvalidRequest(refused.detail) from None
    except NotFound:
        raise AccountNotFound("There is no such account. Until it is known, do not call.") from None
    except Exception as failed:  # noqa: BLE001 - whatever it was, the caller must not call
        logs.logger.error("check failed", extra=logs.failure(failed))
        raise Unavailable("The numbers could not be checked. Try again; until then, do not call.") from None
    raise AccountSuspended("The account is suspended. Do not call.")
