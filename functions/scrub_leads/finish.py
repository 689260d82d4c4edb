"""The last step of a scrub: join its results in the order of the file, or record why the run failed."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from dnc import times
from dnc.accounts.profiles import Profiles
from dnc.aws import clients, deadline
from dnc.aws.wire import plain_from_wire
from dnc.bulk.exports import sources as export_sources
from dnc.bulk.files import JobFiles, ResultWriter, s3, upload_of
from dnc.bulk.jobs import JobKind, Jobs
from dnc.bulk.scrubs import failure
from dnc.bulk.scrubs import piece as scrub_piece
from dnc.bulk.scrubs.leads import PLAN, BlockBy, ScrubPlan
from dnc.entries.status import blocks
from dnc.logs import logger as logs
from dnc.settings import Settings

CLOCK_SKEW = timedelta(minutes=1)
settings = Settings.from_env("ACCOUNTS_TABLE", "AUDIT_TABLE", "BULK_BUCKET")


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Join the results of the finished `work`, or record a failure (the event then has the run's `input`)."""
    deadline.begin(context)
    if "input" in event:
        return _record_failure(event["run"], event["input"])
    work = event["work"]
    files = JobFiles(s3(), settings.bulk_bucket, work["account_id"], JobKind.SCRUB, work["job_id"])
    as_of = work["lists"]["pass2"]["as_of"]
    plan = ScrubPlan(**work["form"])
    counts: Counter[str] = Counter()
    clear, blocked = ResultWriter(files, "clear.csv"), ResultWriter(files, "blocked.csv")
    for result in (clear, blocked):
        result.write(plan.head())
    pieces = _pieces(files)
    for piece, rows in pieces:
        outcome = scrub_piece.stored(files, piece, rows)
        counts.update(outcome.counts)
        clear.write(outcome.clear)
        blocked.write(outcome.blocked)
    if counts["rows"] != work["rows"]:
        raise scrub_piece.IncompletePiece("the pieces do not have the rows of the file")
    late = ResultWriter(files, "late.csv")
    late.write(plan.head())
    is_later = _blocked_since(work["account_id"], as_of, work.get("channel"))
    for piece, rows in pieces:
        found, text = scrub_piece.late_rows(files, piece, is_later, work["form"], rows)
        counts["late"] += found
        late.write(text)
    for result in (clear, blocked, late):
        result.close()
    shown = {name: counts[name] for name in ("rows", "clear", "blocked", "invalid", "late")}
    if work.get("by") == BlockBy.CELL:
        shown["cells_emptied"] = counts["cells_emptied"]
    state = {"clear": "clear.csv", "blocked": "blocked.csv", "late": "late.csv", "as_of": as_of}
    state["looked_by"] = work["lists"]["pass1"]["by"]
    jobs = Jobs(clients.dynamodb(), settings.accounts_table, work["account_id"])
    jobs.finish(JobKind.SCRUB, work["job_id"], work["run"], times.now(), counts=shown, state=state)
    return shown


def _pieces(files: JobFiles) -> list[tuple[int, int]]:
    body = files.read(PLAN)
    if body is None:
        raise scrub_piece.IncompletePiece("the plan is missing")
    return [(int(piece["piece"]), int(piece["rows"])) for piece in json.loads(body)]


def _blocked_since(account_id: str, as_of: str, channel: str | None) -> Callable[[int], bool] | None:
    """Return a function that says whether a number (without plus) may have been blocked since the second pass began.

    Return None if no number can have been.
    """
    moment = times.parse(as_of) - CLOCK_SKEW
    listed = _listed_since(account_id, moment, channel)
    profile = Profiles(clients.dynamodb(), settings.accounts_table).profile(account_id)
    # If the profile changed earlier, the second pass has already applied its prefixes.
    prefixes = tuple(p[1:] for p in profile.prefixes) if profile.changed_at >= times.text(moment) else ()
    if not listed and not prefixes:
        return None
    return lambda number: number in listed or str(number).startswith(prefixes)


def _listed_since(account_id: str, moment: datetime, channel: str | None) -> set[int]:
    """Return the numbers (without plus) that may have been listed since a moment, according to the audit."""
    since = times.text(moment)
    read = export_sources.events(clients.dynamodb(), settings.audit_table, account_id, since, times.text(times.now()))
    found = set()
    for event, _ in read(None):
        if event is None:
            continue
        after = plain_from_wire(event["after"]) if "M" in event.get("after", {}) else {}
        number = event["subject"]["S"].rpartition("#")[2][1:]  # not a number for events of the account itself
        if after and number.isdecimal() and blocks(after, channel, moment):
            found.add(int(number))
    return found


def _record_failure(run: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Record that a scrub failed. The error may contain anything, so only its name is logged."""
    account_id, _, job_id = upload_of(payload["detail"]["object"]["key"])
    name = str((payload.get("caught") or {}).get("Error") or "unknown")
    logs.logger.error("scrub failed", extra={"account_id": account_id, "scrub_id": job_id, "error_type": name})
    jobs = Jobs(clients.dynamodb(), settings.accounts_table, account_id)
    failure.record(jobs, job_id, run, times.now())
    return {}
