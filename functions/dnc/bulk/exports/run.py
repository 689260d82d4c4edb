"""Runs an export step by step: write a file, record it with the cursor after it, and repeat until all rows are read.

A run that was stopped at any point resumes after the last recorded file, so no row is lost or exported twice. At the
end the export is sealed (`store.Exports.seal`), and only then is its manifest written to S3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dnc.bulk.exports import format as export_rows
from dnc.bulk.exports import manifest as manifests
from dnc.bulk.exports.format import ExportFormat, ExportKind
from dnc.bulk.exports.gzip_file import MAX_BYTES, MAX_ROWS, ExportFile
from dnc.bulk.exports.manifest import MANIFEST
from dnc.bulk.exports.sources import RowReader
from dnc.bulk.exports.store import Exports, Superseded
from dnc.bulk.files import TAG_EXPORT, JobFiles
from dnc.bulk.jobs import Job, JobKind
from dnc.problems import Conflict

_ROWS_BETWEEN_CHECKS = 500


@dataclass(frozen=True, slots=True)
class FileLimits:
    """The limits of a file: rows, and bytes before compression."""

    rows: int = MAX_ROWS
    bytes: int = MAX_BYTES


def run(
    exports: Exports,
    export: Job,
    files: JobFiles,
    read: RowReader,
    clock: Callable[[], datetime],
    out_of_time: Callable[[], bool],
    bounds: FileLimits | None = None,
) -> Job:
    """Write files from the stored cursor on, until all rows are read or time is short. Return the export.

    `out_of_time`: whether the current file must end now. Raises Conflict if another run is working on the export.
    """
    if "read_until" in export.state:
        return export
    limits = bounds or FileLimits()
    kind, form = ExportKind(export.request["kind"]), ExportFormat(export.request["format"])
    header = export_rows.header(kind, form)
    write = export_rows.writer(kind, form, clock())
    out = ExportFile(header, limits.rows, limits.bytes)
    cursor = stored = str(export.state["cursor"])
    for i, (item, after) in enumerate(read(cursor or None)):
        cursor = after
        if item is not None:
            out.add(write(item))
        is_late = i % _ROWS_BETWEEN_CHECKS == _ROWS_BETWEEN_CHECKS - 1 and out_of_time()
        if out.full or is_late:
            export, stored = _store(exports, export, files, out, cursor), cursor
            if is_late:
                return export
            out = ExportFile(header, limits.rows, limits.bytes)
            write = export_rows.writer(kind, form, clock())
    if out.rows or cursor != stored:
        export = _store(exports, export, files, out, cursor)
    if not exports.record_end(export, clock()):
        raise Conflict("Another run is working on this export.")
    return exports.get(export.id)


def seal(exports: Exports, export: Job, files: JobFiles, code_version: str, run_id: str, at: datetime) -> bool:
    """Seal an export whose rows have all been read, and write its manifest. Return False if it has to start over."""
    try:
        body = exports.seal(export, code_version)
    except Superseded as superseded:
        exports.restart(export, superseded.until)
        return False
    files.put(MANIFEST, body, TAG_EXPORT)
    state = {"manifest_sha256": manifests.digest(body)}
    if not exports.jobs.finish(JobKind.EXPORT, export.id, run_id, at, state=state):
        raise Conflict("Another run is working on this export.")
    return True


def _store(exports: Exports, export: Job, files: JobFiles, out: ExportFile, cursor: str) -> Job:
    file = None
    if out.rows:
        kind, form = export.request["kind"], export.request["format"]
        file, body = out.finish(f"{kind}-{len(export.state['files']) + 1:05}", form)
        files.put(file.name, body, TAG_EXPORT)
    if not exports.record_file(export, cursor, file):
        raise Conflict("Another run is working on this export.")
    return exports.get(export.id)
