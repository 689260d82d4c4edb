"""The check that dialers invoke before each call. Errors are raised, so that silence cannot be read as clear.

The payload is `{"account_id", "numbers", "region", "channel"}`. `errorType` is the name of the exception:
InvalidRequest, AccountNotFound and AccountSuspended are final. Unavailable means: try again, and until then do not
call.

It loads only what a check of a plain number uses: no boto3, pydantic, Powertools or phonenumbers (decision 19).
"""

from __future__ import annotations

import gc
import os

# Loading creates no garbage, and searching for it would take a tenth of a cold start.
gc.disable()

from dnc import times  # noqa: E402
from dnc.accounts.profiles import Profiles  # noqa: E402
from dnc.aws import clients, deadline  # noqa: E402
from dnc.checks import check, payload  # noqa: E402
from dnc.entries.status_reader import StatusReader  # noqa: E402
from dnc.problems import InvalidRequest as RefusedRequest  # noqa: E402
from dnc.problems import NotFound  # noqa: E402
from dnc.settings import Settings  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

settings = Settings.from_env("NUMBERS_TABLE", "ACCOUNTS_TABLE")
accounts = Profiles(clients.dynamodb(), settings.accounts_table)
CHECK_SECONDS = settings.check_deadline_seconds


class CheckFailed(Exception):
    """A check without a result. The message begins with the class name, for callers that log only messages."""

    def __init__(self, detail: str) -> None:
        """`detail` says what is wrong and what to do."""
        super().__init__(f"{type(self).__name__}: {detail}")


class InvalidRequest(CheckFailed):
    """The payload violates the contract."""


class AccountNotFound(CheckFailed):
    """The account does not exist. A misspelled account must never make numbers callable."""


class AccountSuspended(CheckFailed):
    """The account is suspended, and so are its checks."""


class Unavailable(CheckFailed):
    """The numbers could not be read. Try again; until then, do not call."""


def lambda_handler(event: object, context: Any) -> dict[str, Any]:
    """Check numbers for a dialer. The module's docstring lists the errors."""
    deadline.begin(context, CHECK_SECONDS)
    try:
        request = payload.read(event)
        profile = check.current_profile(accounts, request.account_id)
        if not profile.suspended:
            reader = StatusReader(clients.dynamodb(), settings.numbers_table, profile.account_id, patience=5.0)
            return check.check_numbers(reader, profile, request.numbers, request.region, times.now(), request.channel)
    except RefusedRequest as refused:
        _count("ChecksRefused")
        raise InvalidRequest(refused.detail) from None
    except NotFound:
        _count("ChecksRefused")
        raise AccountNotFound("The account does not exist. Until the account id is right, do not call.") from None
    except Exception as failed:  # noqa: BLE001 - after any failure, the caller must not call
        from dnc.logs import failures  # noqa: PLC0415 - loaded only for failures
        from dnc.logs import plain as plain_log  # noqa: PLC0415

        plain_log.error("check failed", failures.failure(failed))
        _count("ChecksUnavailable")
        raise Unavailable("The numbers could not be checked. Try again; until then, do not call.") from None
    _count("ChecksRefused")
    raise AccountSuspended("The account is suspended. Do not call.")


def _count(metric: str) -> None:
    """Count the caller's errors and the service's own separately. Lambda counts both as errors of the function."""
    from dnc.logs import metrics  # noqa: PLC0415 - loaded only for failures

    metrics.count(metric)


if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") in ("on-demand", "provisioned-concurrency"):
    # During init there is a whole core, and no caller waits yet. A snapshot's connections would be dead.
    clients.dynamodb().warm()
gc.freeze()
gc.enable()
