"""Checks the leads of one piece: the first pass decides which are clear, the second finds numbers listed since then."""

from collections.abc import Collection
from typing import Any

from dnc import times
from dnc.accounts.profiles import Profiles
from dnc.aws import clients, deadline
from dnc.bulk.files import JobFiles, s3
from dnc.bulk.jobs import JobKind, Jobs
from dnc.bulk.scrubs import leads
from dnc.bulk.scrubs import listed as listed_numbers
from dnc.bulk.scrubs import piece as scrub_piece
from dnc.bulk.scrubs.leads import BlockBy
from dnc.bulk.scrubs.listed import Method, NumberSet
from dnc.bulk.scrubs.piece import ListedOf, ScrubOptions, also_by_prefix
from dnc.bulk.shared_pace import ReadPace
from dnc.bulk.turns import Turns
from dnc.entries.store import Numbers
from dnc.settings import Settings

settings = Settings.from_env("NUMBERS_TABLE", "ACCOUNTS_TABLE", "BULK_BUCKET")
_cached: dict[tuple[str, int], NumberSet] = {}


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Check one piece. Raises if anything cannot be read, so that no lead is wrongly called clear."""
    deadline.begin(context)
    work, pass_number, piece = event["work"], int(event["pass"]), event["piece"]
    number, rows = int(piece["piece"]), int(piece["rows"])
    files = JobFiles(s3(), settings.bulk_bucket, work["account_id"], JobKind.SCRUB, work["job_id"])
    client, account_id = clients.dynamodb(), work["account_id"]
    Turns(client, settings.accounts_table, account_id).renew(JobKind.SCRUB, work["job_id"], work["run"], times.now())
    prefixes = Profiles(client, settings.accounts_table).profile(account_id).prefixes
    listed_of = also_by_prefix(_listed_of(work, pass_number, files), prefixes)
    if pass_number == 2:
        return {"late": scrub_piece.second_pass(files, number, rows, listed_of)}
    options = ScrubOptions(work["region"], work["form"], BlockBy(work.get("by") or BlockBy.ROW))
    outcome = scrub_piece.scrub(leads.leads(files, number), options, listed_of)
    if outcome.counts["rows"] != rows:
        raise scrub_piece.IncompletePiece("a piece does not have the rows that were planned")
    scrub_piece.store(files, number, outcome)
    jobs = Jobs(clients.dynamodb(), settings.accounts_table, work["account_id"])
    jobs.count_piece(JobKind.SCRUB, work["job_id"], work["run"], number)
    return {"rows": rows}


def _listed_of(work: dict[str, Any], pass_number: int, files: JobFiles) -> ListedOf:
    reading = work["lists"][f"pass{pass_number}"]
    if reading["by"] == Method.LOOKUP:
        client, account_id = clients.dynamodb(), work["account_id"]
        numbers = Numbers(client, settings.numbers_table, account_id)
        pace = ReadPace(client, settings.accounts_table, account_id, settings.read_units_per_second)
        return lambda wanted: listed_numbers.looked_up(numbers, wanted, times.now(), pace, work.get("channel"))
    key = (work["job_id"], pass_number)
    if key not in _cached:
        _cached.clear()  # one list at a time fits in memory
        _cached[key] = listed_numbers.stored(files, pass_number, int(reading["parts"]))
    listed = _cached[key]
    if len(listed) != reading["numbers"]:
        raise scrub_piece.IncompletePiece("a part of the list that was read is missing")

    def read(wanted: Collection[str]) -> Collection[str]:
        return {number for number in wanted if listed.has(number)}

    return read
