"""The check that dialers invoke before each call. An error raises, so that silence can't be read as clear.

The payload is `{"account_id", "numbers", "region"}`. `errorType` is the class name of what is raised: InvalidRequest,
AccountNotFound and AccountSuspended are final, Unavailable means try again, and until then do not call.

It loads no more than a check of a plain number uses: no boto3, pydantic, Powertools or phonenumbers (decision 18).
"""

from __future__ import annotations

import gc
import os

# Nothing that is made while loading is ever garbage: looking for some is a tenth of a cold start.
gc.disable()

from dnc import times  # noqa: E402
from dnc.accounts.profiles import Profiles  # noqa: E402
from dnc.aws import clients  # noqa: E402
from dnc.checks import check as checking  # noqa: E402
from dnc.checks import payload as direct_request  # noqa: E402
from dnc.entries.statuses import Statuses  # noqa: E402
from dnc.problems import InvalidRequest as RefusedRequest  # noqa: E402
from dnc.problems import NotFound  # noqa: E402
from dnc.settings import Settings  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

settings = Settings.from_env("NUMBERS_TABLE", "ACCOUNTS_TABLE")
accounts = Profiles(clients.dynamodb(), settings.accounts_table)


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
        request = direct_request.read(event)
        profile = checking.remembered_profile(accounts, request.account_id)
        if not profile.suspended:
            numbers = Statuses(clients.dynamodb(), settings.numbers_table, profile.account_id, patience=5.0)
            return checking.check(numbers, profile, request.numbers, request.region, times.now())
    except RefusedRequest as refused:
        raise InvalidRequest(refused.detail) from None
    except NotFound:
        raise AccountNotFound("There is no such account. Until it is known, do not call.") from None
    except Exception as failed:  # noqa: BLE001 - whatever it was, the caller must not call
        from dnc.logs import failures  # noqa: PLC0415 - for failures alone
        from dnc.logs import plain as plain_log  # noqa: PLC0415

        plain_log.error("check failed", failures.failure(failed))
        raise Unavailable("The numbers could not be checked. Try again; until then, do not call.") from None
    raise AccountSuspended("The account is suspended. Do not call.")


if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") in ("on-demand", "provisioned-concurrency"):
    # While loading there is a whole core, and nobody waits yet. A snapshot's connections would not outlive it.
    clients.dynamodb().warm()
gc.freeze()
gc.enable()
