"""The first step of an import: take the job, read the file once, cut it into pieces. Nothing is listed yet.

An undo begins here too: its pieces are those that the import left.
"""

from dataclasses import dataclass
from typing import Any

from dnc import aws, times
from dnc.bulk_files import UPLOAD_KEY, JobFiles, s3
from dnc.config import Settings
from dnc.jobs import JobKind, Jobs

settings = Settings.from_env("ACCOUNTS_TABLE", "BULK_BUCKET")


@dataclass(frozen=True, slots=True)
class Asked:
    """What started a run: an upload (with the version of the object, where the event tells it), or an undo."""

    account_id: str
    job_id: str
    version_id: str | None = None
    undo: dict[str, Any] | None = None

    @classmethod
    def of(cls, given: dict[str, Any]) -> "Asked":
        """Read the input of the state machine: an S3 event of EventBridge, or what the undo handler gave."""
        if "undo" in given:
            undo = dict(given["undo"])
            return cls(undo.pop("account_id"), undo.pop("job_id"), undo=undo)
        uploaded = given["detail"]["object"]
        match = UPLOAD_KEY.fullmatch(uploaded["key"])
        if not match:
            raise ValueError("the key of the upload is not one of ours")
        return cls(match[1], match[3], version_id=uploaded.get("version-id"))


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Give the work: `pieces` (0: there is nothing to do), and what each piece needs to know."""
    asked, run = Asked.of(event["given"]), event["run"]
    jobs = Jobs(aws.client("dynamodb"), settings.accounts_table, asked.account_id)
    if not jobs.begin(JobKind.IMPORT, asked.job_id, run):
        return {"pieces": 0}
    JobFiles(s3(), settings.bulk_bucket, asked.account_id, JobKind.IMPORT, asked.job_id)
    jobs.fail(JobKind.IMPORT, asked.job_id, run, times.now(), "Reading files is not part of this build.")
    return {"pieces": 0}
