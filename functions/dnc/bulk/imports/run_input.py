"""The input of the state machine for imports: an upload, a choice of columns, or a request to undo an import."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from dnc.bulk.files import upload_of


@dataclass(frozen=True, slots=True)
class RunInput:
    """What a run is to do. `undo`: the undo that was requested, or None for an import.

    `version_id`: the version of the uploaded object, if the event has it.
    """

    account_id: str
    job_id: str
    version_id: str | None = None
    undo: dict[str, Any] | None = None

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Self:
        """Read the input, which is an S3 event from EventBridge or a handler's payload. Raises ValueError."""
        if "undo" in payload:
            undo = dict(payload["undo"])
            return cls(undo.pop("account_id"), undo.pop("job_id"), undo=undo)
        uploaded = payload["detail"]["object"]
        upload = upload_of(uploaded["key"])
        return cls(upload.account_id, upload.job_id, uploaded.get("version-id"))
