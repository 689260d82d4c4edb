"""Statistics of the account's list: `GET …/stats`."""

from datetime import date, timedelta
from typing import Any

from dnc import times
from dnc.accounts.store import Accounts
from dnc.api.http import Answer, Api, Call
from dnc.api.queries import ReadStats
from dnc.audit.stats import Stats
from dnc.aws import clients
from dnc.problems import InvalidRequest
from dnc.settings import Settings

LONGEST_SPAN = timedelta(days=92)
DEFAULT_SPAN = timedelta(days=7)
_DAY = timedelta(days=1)

api = Api()
settings = Settings.from_env("AUDIT_TABLE", "ACCOUNTS_TABLE")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


@api.route("GET", "/accounts/{account_id}/stats")
def read_stats(call: Call, query: ReadStats) -> Answer:
    """Count the listed numbers, and the listings and removals of each day."""
    profile = accounts.profile(call.account_id)
    now = times.now()
    last: date = query.until or now.date()
    first: date = query.since or last - DEFAULT_SPAN + _DAY
    if first > last:
        raise InvalidRequest.of("from", "must not be after to")
    if last - first >= LONGEST_SPAN:
        raise InvalidRequest.of("from", f"must be less than {LONGEST_SPAN.days} days before to")
    stats = Stats(clients.dynamodb(), settings.audit_table, settings.accounts_table, call.account_id)
    return Answer(200, stats.read(first, last, times.parse(profile.created_at).date(), now))


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve API Gateway."""
    return api.answer(event, context)
