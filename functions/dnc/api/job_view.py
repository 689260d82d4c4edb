"""A job as the API shows it. Download URLs are created when it is read, and are valid for 15 minutes."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from dnc import times
from dnc.bulk.choice import has_lapsed
from dnc.bulk.exports.manifest import MANIFEST
from dnc.bulk.files import UPLOAD_LIFETIME, JobFiles
from dnc.bulk.jobs import Job, JobKind, JobStatus

ABANDONED_AFTER = UPLOAD_LIFETIME + timedelta(hours=23)
"""A job without a file is shown as failed after this time, which leaves time for a slow upload that began in time."""


def as_json(job: Job, files: JobFiles, at: datetime) -> dict[str, Any]:
    """Return a job as the API shows it."""
    view: dict[str, Any] = {
        "id": job.id,
        "status": job.status,
        "progress": job.progress,
        "counts": dict(job.counts),
        "created_at": job.created_at,
        "created_by": dict(job.created_by),
        "finished_at": job.finished_at,
        "error": job.error,
        **job.request,
    }
    if job.status is JobStatus.AWAITING_UPLOAD and times.parse(job.created_at) + ABANDONED_AFTER < at:
        view |= {
            "status": JobStatus.FAILED,
            "error": "No file was uploaded in time. Create another job and upload to its URL.",
        }
    if has_lapsed(job, at):
        view |= {"status": JobStatus.FAILED, "error": "No columns were chosen in time. Create another job."}
    if job.kind is not JobKind.EXPORT:
        candidates = job.state.get("candidates") or [] if view["status"] == JobStatus.NEEDS_COLUMNS else []
        view |= {
            "columns": None,
            **_with_defaults(job),
            "candidates": candidates,
            "attention": job.state.get("attention"),
        }
    return view | _RESULTS[job.kind](job, files)


def _with_defaults(job: Job) -> dict[str, Any]:
    """Return a job's request, with the fields that jobs of an earlier release lack."""
    by_kind = {JobKind.SCRUB: {"channel": None, "by": "row"}}
    return {**by_kind.get(job.kind, {}), **job.request}


def _import(job: Job, files: JobFiles) -> dict[str, Any]:
    """Return the report of an import, the reports of a zip's files, and the outcome of its undo."""
    undo = job.state.get("undo")
    return {
        "report_url": _url(files, job.state.get("report"), f"{_stem(job)}-report.csv"),
        "files": [
            {
                "name": file["name"],
                "counts": file["counts"],
                "report_url": _url(files, file.get("report"), f"{_stem(job)}-{file['name']}-report.csv"),
            }
            for file in job.state.get("files") or []
        ],
        "undo": None
        if not undo
        else {
            "requested_at": undo["requested_at"],
            "requested_by": undo["requested_by"],
            "counts": undo.get("counts") or {},
            "error": undo.get("error"),
            "report_url": _url(files, undo.get("report"), f"{_stem(job)}-undo.csv"),
        },
    }


def _scrub(job: Job, files: JobFiles) -> dict[str, Any]:
    """Return the files of a scrub once they exist. `as_of`: the time up to which they are complete."""
    urls = {
        f"{name}_url": _url(files, job.state.get(name), f"{_stem(job)}-{name}.csv")
        for name in ("clear", "blocked", "late")
    }
    return {**urls, "as_of": job.state.get("as_of"), "looked_by": job.state.get("looked_by")}


def _export(job: Job, files: JobFiles) -> dict[str, Any]:
    """Return the files of an export once it is done. Until then, a file may still be replaced."""
    done = job.status is JobStatus.DONE
    return {
        "files": [
            {
                "url": files.download(file["name"], f"{job.id}-{file['name']}", "application/gzip"),
                "rows": file["rows"],
                "bytes": file["bytes"],
                "sha256": file["sha256"],
            }
            for file in (job.state.get("files") or [] if done else [])
        ],
        "window": {"from": job.request.get("from"), "to": job.request.get("to") or job.state.get("read_until")},
        "manifest_url": files.download(MANIFEST, f"{job.id}-{MANIFEST}", "application/json") if done else None,
        "manifest_sha256": job.state.get("manifest_sha256"),
    }


def _stem(job: Job) -> str:
    """Return the uploaded file's name without its extensions. Downloads are named after it."""
    name = str(job.request.get("filename") or job.id)
    return re.sub(r"(\.\w{1,5}){1,2}$", "", name) or job.id


def _url(files: JobFiles, name: str | None, filename: str) -> str | None:
    return files.download(name, filename) if name else None


_RESULTS: dict[JobKind, Callable[[Job, JobFiles], dict[str, Any]]] = {
    JobKind.IMPORT: _import,
    JobKind.SCRUB: _scrub,
    JobKind.EXPORT: _export,
}
