"""Prepares a pass: reads the account's list step by step, or finds that looking up the leads costs less.

The second pass begins after the first has ended. A number listed before the second began (`as_of`) is blocked or late.
"""

from typing import Any

from dnc import times
from dnc.aws import clients, deadline
from dnc.bulk.files import JobFiles, s3
from dnc.bulk.jobs import JobKind
from dnc.bulk.scrubs import listed as listed_numbers
from dnc.bulk.scrubs.listed import Method, Reading
from dnc.bulk.shared_pace import ReadPace
from dnc.bulk.turns import Turns
from dnc.settings import Settings

SECONDS_TO_END = 30
settings = Settings.from_env("NUMBERS_TABLE", "ACCOUNTS_TABLE", "BULK_BUCKET")


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return the progress of reading. `done`: whether the pass may begin. The event's `pass` is 1 or 2."""
    deadline.begin(context)
    work, pass_number = event["work"], int(event["pass"])
    client, account_id = clients.dynamodb(), work["account_id"]
    Turns(client, settings.accounts_table, account_id).renew(JobKind.SCRUB, work["job_id"], work["run"], times.now())
    before = work["lists"][f"pass{pass_number}"]
    now = times.now()
    as_of = before["as_of"] if before else times.text(now)
    if pass_number == 2 and work["lists"]["pass1"]["by"] == Method.LOOKUP:
        return {**listed_numbers.as_json(Reading(done=True, by=Method.LOOKUP)), "as_of": as_of}
    files = JobFiles(s3(), settings.bulk_bucket, account_id, JobKind.SCRUB, work["job_id"])
    reading = listed_numbers.read_list(
        client,
        settings.numbers_table,
        account_id,
        Reading.of({name: value for name, value in before.items() if name != "as_of"} if before else None),
        listed_numbers.budget_of(work["rows"]) if pass_number == 1 else None,
        now,
        lambda part, packed: files.put(listed_numbers.part_name(pass_number, part), packed),
        ReadPace(client, settings.accounts_table, account_id, settings.read_units_per_second),
        lambda: context.get_remaining_time_in_millis() < SECONDS_TO_END * 1000,
        channel=work.get("channel"),
    )
    return {**listed_numbers.as_json(reading), "as_of": as_of}
