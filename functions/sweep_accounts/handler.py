"""The hourly sweep of all accounts: upkeep that no request triggers.

It ends jobs whose execution is gone, ends removals that have waited 7 days for a second person, and announces API keys
that are about to expire. Each task is safe to repeat, and does nothing if nothing is due. A task that fails for one
account affects neither its other tasks nor other accounts.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from dnc import times
from dnc.accounts.store import Accounts
from dnc.accounts.tokens import PLATFORM
from dnc.aws import clients, deadline
from dnc.entries.entry import Actor, Write
from dnc.entries.removal_store import Removals
from dnc.logs import logger as logs
from dnc.logs import metrics
from dnc.settings import Settings
from sweep_accounts import expiring_keys, stuck_jobs
from sweep_accounts.stuck_jobs import Machines

ACCOUNTS_PER_PAGE = 100
WORKERS = 8
SECONDS_PER_PAGE = 60
"""Another page of accounts is begun only if this much time is left."""
SWEEP = Actor("service:sweep")

settings = Settings.from_env(
    *("NUMBERS_TABLE", "ACCOUNTS_TABLE", "EVENT_BUS"),
    *("IMPORT_MACHINE", "SCRUB_MACHINE", "EXPORT_MACHINE", "NIGHTLY_EXPORTS_MACHINE"),
)
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Visit the accounts that follow `after` in the event. The state machine repeats this until it is `done`.

    Return the last account visited (`after`), how many were visited (`accounts`), and how many `stuck_jobs` and
    `lapsed` removals were ended, `expiring_keys` announced and tasks failed (`failures`).
    """
    deadline.begin(context)
    after = event.get("after") or None
    visit = partial(_visit, request_id=context.aws_request_id)
    done: Counter[str] = Counter()
    if after is None:
        done.update(_run_tasks([_announce_keys], PLATFORM))
    with ThreadPoolExecutor(WORKERS) as pool:
        while True:
            page, after = accounts.page(ACCOUNTS_PER_PAGE, after)
            for result in pool.map(visit, [profile.account_id for profile in page]):
                done.update(result)
            done["accounts"] += len(page)
            if after is None or context.get_remaining_time_in_millis() < SECONDS_PER_PAGE * 1000:
                break
    counts = {name: done[name] for name in ("accounts", "stuck_jobs", "lapsed", "expiring_keys", "failures")}
    logs.logger.info("swept", extra=counts)
    return {"after": after, "done": after is None, **counts}


def _visit(account_id: str, request_id: str) -> Counter[str]:
    lapsed = partial(_end_lapsed_removals, request_id=request_id)
    return _run_tasks([_end_stuck_jobs, lapsed, _announce_keys], account_id)


def _run_tasks(tasks: Sequence[Callable[[str], dict[str, int]]], account_id: str) -> Counter[str]:
    done: Counter[str] = Counter()
    for task in tasks:
        try:
            done.update(task(account_id))
        except Exception as failed:  # noqa: BLE001 - one task's failure must not stop the others
            logs.logger.error("sweep failed", extra={"account_id": account_id, **logs.failure(failed)})
            metrics.count("SweepFailures")
            done["failures"] += 1
    return done


def _end_stuck_jobs(account_id: str) -> dict[str, int]:
    machines = Machines(
        settings.import_machine, settings.scrub_machine, settings.export_machine, settings.nightly_exports_machine
    )
    is_running = partial(machines.is_running, clients.step_functions())
    ended = 0
    for job in stuck_jobs.end(clients.dynamodb(), settings.accounts_table, account_id, is_running, times.now()):
        extra = {"account_id": account_id, "kind": str(job.kind), "job_id": job.id}
        logs.logger.error("stuck job ended", extra=extra)
        metrics.count("StuckJobs")
        ended += 1
    return {"stuck_jobs": ended}


def _end_lapsed_removals(account_id: str, request_id: str) -> dict[str, int]:
    """End lapsed removals. Nothing depends on when this happens: an approval after the deadline is refused anyway."""
    removals = Removals(clients.dynamodb(), settings.numbers_table, account_id, settings.accounts_table)
    return {"lapsed": removals.lapse(Write(times.now(), SWEEP, request_id))}


def _announce_keys(account_id: str) -> dict[str, int]:
    bus = settings.event_bus
    return {"expiring_keys": expiring_keys.announce(accounts, account_id, clients.event_bridge(), bus, times.now())}
