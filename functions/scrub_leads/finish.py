"""The end of a scrub: its results, put together in the order of the file; or what went wrong, in words."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from dnc import times
from dnc.aws import clients
from dnc.bulk.exports import sources as export_sources
from dnc.bulk.files import JobFiles, ResultWriter, s3, upload_of
from dnc.bulk.jobs import JobKind, Jobs
from dnc.bulk.scrubs import piece as scrub_piece
from dnc.bulk.scrubs import plan as scrub_plan
from dnc.bulk.scrubs.plan import ScrubPlan
from dnc.entries.entry import LISTED
from dnc.logs import logger as logs
from dnc.settings import Settings

CLOCKS_DIFFER = timedelta(minutes=1)
BROKE_OFF = "The scrub broke off, and nothing is known to be clear. Make another one; if that fails too, ask for help."
settings = Settings.from_env("ACCOUNTS_TABLE", "AUDIT_TABLE", "BULK_BUCKET")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Put the results together (`work`, `pieces` read from the plan), or note the failure (`given`)."""
    if "given" in event:
        return _tell_failure(event["run"], event["given"])
    work = event["work"]
    files = JobFiles(s3(), settings.bulk_bucket, work["account_id"], JobKind.SCRUB, work["job_id"])
    as_of = work["lists"]["look2"]["as_of"]
    plan = ScrubPlan(**work["form"])
    counts: Counter[str] = Counter()
    clear, blocked = ResultWriter(files, "clear.csv"), ResultWriter(files, "blocked.csv")
    for result in (clear, blocked):
        result.write(plan.head())
    pieces = _pieces(files)
    for piece, rows in pieces:
        outcome = scrub_piece.kept(files, piece, rows)
        counts.update(outcome.counts)
        clear.write(outcome.clear)
        blocked.write(outcome.blocked)
    if counts["rows"] != work["rows"]:
        raise scrub_piece.IncompletePiece("the pieces do not have the rows of the file")
    late = ResultWriter(files, "late.csv")
    late.write(plan.head())
    since_then = _listed_since(work["account_id"], as_of)
    for piece, rows in pieces:
        found, text = scrub_piece.late_rows(files, piece, since_then, work["form"], rows)
        counts["late"] += found
        late.write(text)
    for result in (clear, blocked, late):
        result.close()
    told = {name: counts[name] for name in ("rows", "clear", "blocked", "invalid", "late")}
    kept = {"clear": "clear.csv", "blocked": "blocked.csv", "late": "late.csv", "as_of": as_of}
    kept["looked_by"] = work["lists"]["look1"]["by"]
    jobs = Jobs(clients.dynamodb(), settings.accounts_table, work["account_id"])
    jobs.finish(JobKind.SCRUB, work["job_id"], work["run"], times.now(), counts=told, state=kept)
    return told


def _pieces(files: JobFiles) -> list[tuple[int, int]]:
    body = files.read(scrub_plan.PLAN)
    if body is None:
        raise scrub_piece.IncompletePiece("the plan is not there")
    return [(int(piece["piece"]), int(piece["rows"])) for piece in json.loads(body)]


def _listed_since(account_id: str, as_of: str) -> set[int]:
    """Give the numbers (without plus) whose listing was recorded since the second look began."""
    since = times.text(times.parse(as_of) - CLOCKS_DIFFER)
    read = export_sources.events(clients.dynamodb(), settings.audit_table, account_id, since, times.text(times.now()))
    found = set()
    for event, _ in read(None):
        after = (event or {}).get("after", {}).get("M", {})
        if event and after.get("status", {}).get("S") == LISTED and event["number"]["S"][1:].isdecimal():
            found.add(int(event["number"]["S"][1:]))
    return found


def _tell_failure(run: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Note that a scrub broke off. What was caught may hold anything: only its kind is logged."""
    account_id, _, job_id = upload_of(given["detail"]["object"]["key"])
    kind = str((given.get("caught") or {}).get("Error") or "unknown")
    logs.logger.error("scrub failed", extra={"account_id": account_id, "scrub_id": job_id, "error_type": kind})
    jobs = Jobs(clients.dynamodb(), settings.accounts_table, account_id)
    jobs.fail(JobKind.SCRUB, job_id, run, times.now(), BROKE_OFF)
    return {}
