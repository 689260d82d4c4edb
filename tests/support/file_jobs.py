"""Runs the pure parts of imports and scrubs on the bytes of a file, without a stack or a table."""

import io
import json
from typing import Any, NamedTuple

from dnc.bulk.files import JobFiles
from dnc.bulk.imports import plan as import_plan
from dnc.bulk.imports.pieces import piece_name
from dnc.bulk.imports.request import ImportOptions, Remark, RowRequest, read
from dnc.bulk.jobs import JobKind
from dnc.bulk.scrubs import leads as stored_leads
from dnc.bulk.scrubs import plan as scrub_plan
from dnc.bulk.scrubs.leads import BlockBy
from dnc.bulk.scrubs.piece import PieceOutcome, ScrubOptions, scrub
from dnc.bulk.uploads.columns import Choice
from dnc.entries.entry import Source
from tests.support.memory_s3 import MemoryS3

JOB_ID = "i" * 26
MADE_AT = "2026-11-24T12:00:00.000Z"


class Imported(NamedTuple):
    """What an import decides before it writes anything. The dicts are by line number."""

    plan: import_plan.ImportPlan
    requests: dict[int, list[RowRequest]]
    invalid: dict[int, int]
    remarks: dict[int, list[Remark]]

    def numbers(self, line: int) -> list[str]:
        return [one.request.number for one in self.requests[line]]

    @property
    def listed(self) -> set[str]:
        return {one.request.number for requests in self.requests.values() for one in requests}


def imported(data: bytes, region: str | None = "US", source: Source = Source.IMPORT, **choice: Any) -> Imported:
    """Plan an import of a file and read its rows. Raises FileRefused and ColumnsNeeded."""
    files = JobFiles(MemoryS3(), "bulk", "acme", JobKind.IMPORT, JOB_ID)
    plan = import_plan.make(files, io.BytesIO(data), len(data), "list.csv", Choice(region, **choice))
    options = ImportOptions(JOB_ID, source, MADE_AT, region)
    found = Imported(plan, {}, {}, {})
    for piece in plan.pieces:
        for line in files.lines(piece_name(piece["piece"])):
            row = json.loads(line)
            reading = read(row, piece["file"], options)
            found.requests[row[0]] = reading.requests
            found.invalid[row[0]] = reading.invalid
            found.remarks[row[0]] = reading.remarks
    return found


class Scrubbed(NamedTuple):
    """The result of a scrub. `leads`: the texts of the file's rows, in order."""

    plan: stored_leads.ScrubPlan
    leads: list[str]
    outcome: PieceOutcome

    @property
    def clear(self) -> list[str]:
        return _lines(self.outcome.clear)

    @property
    def blocked(self) -> list[str]:
        return _lines(self.outcome.blocked)

    def is_clear(self, row: int) -> bool:
        return self.leads[row] + f"{self.plan.separator}clear" in self.clear


def scrubbed(
    data: bytes, listed: set[str], region: str | None = "US", by: str = "row", columns: tuple[str, ...] = ()
) -> Scrubbed:
    """Scrub a file against a list. Raises FileRefused and ColumnsNeeded."""
    files = JobFiles(MemoryS3(), "bulk", "acme", JobKind.SCRUB, JOB_ID)
    choice = Choice(region, columns, importing=False)
    plan = scrub_plan.make(files, io.BytesIO(data), len(data), "leads.csv", choice)
    leads = [lead for piece in plan.pieces for lead in stored_leads.leads(files, piece["piece"])]
    outcome = scrub(leads, ScrubOptions(region, plan.form(), BlockBy(by)), lambda wanted: listed & set(wanted))
    return Scrubbed(plan, [text for _, text in leads], outcome)


def _lines(body: bytes) -> list[str]:
    return body.decode("utf-8", "surrogateescape").splitlines()
