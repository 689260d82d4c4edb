"""The sweep of every account, each hour: what nobody ended in time ends here.

It ends removals that waited 7 days for a second person. Nothing depends on its punctuality: what has lapsed counts for
nothing, whether or not the sweep has come by.
"""

from typing import Any

from dnc import times
from dnc.accounts.store import Accounts
from dnc.aws import clients
from dnc.entries.entry import Actor, Write
from dnc.entries.removal_store import Removals
from dnc.logs import logger as logs
from dnc.settings import Settings

ACCOUNTS_A_PAGE = 500
SWEEP = Actor("service:sweep")

settings = Settings.from_env("NUMBERS_TABLE", "ACCOUNTS_TABLE")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


class SweepIncomplete(Exception):
    """Some accounts could not be swept. The message says how many."""


def lambda_handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
    """Sweep every account. Return how many removals lapsed. Raises SweepIncomplete once all others are swept."""
    swept, failed, lapsed, after = 0, 0, 0, None
    while True:
        page, after = accounts.page(ACCOUNTS_A_PAGE, after)
        for account in page:
            try:
                lapsed += _removals(account.account_id).lapse(Write(times.now(), SWEEP, context.aws_request_id))
            except Exception as problem:  # noqa: BLE001 - one account's failure must not keep the others from theirs
                logs.logger.error("sweep failed", extra={"account_id": account.account_id, **logs.failure(problem)})
                failed += 1
            else:
                swept += 1
        if after is None:
            break
    logs.logger.info("swept", extra={"accounts": swept, "lapsed": lapsed})
    if failed:
        raise SweepIncomplete(f"{failed} accounts could not be swept; the next sweep tries them again")
    return {"accounts": swept, "lapsed": lapsed}


def _removals(account_id: str) -> Removals:
    return Removals(clients.dynamodb(), settings.numbers_table, account_id, settings.accounts_table)
