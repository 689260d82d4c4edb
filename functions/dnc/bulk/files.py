"""The files of bulk jobs. They share one bucket; a job's files are under `accounts/{account_id}/{kind}s/{id}/`.

`JobFiles` is bound to a job, so it cannot name a key of another account. The signature of an upload URL fixes
everything about the upload: the key, the length, the type, the tag by which the file expires, and that the key does
not exist yet.
"""

import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import quote

from dnc import times
from dnc.accounts.profiles import ACCOUNT_ID
from dnc.aws import clients
from dnc.aws import errors as aws_errors
from dnc.aws.presigned import presigner
from dnc.bulk.job import JobKind

MAX_UPLOAD_BYTES = 5 * 1024**3
"""The most that S3 accepts in one PUT."""
UPLOAD_LIFETIME = timedelta(hours=1)
DOWNLOAD_LIFETIME = timedelta(minutes=15)
UPLOAD = "upload"
UPLOAD_TYPE = "application/octet-stream"
TAG_UPLOAD, TAG_RESULT, TAG_EXPORT = "upload", "result", "export"
"""The values of an object's tag `kind`, which decides when the bucket's lifecycle deletes it."""
_MISSING = frozenset({"NoSuchKey", "404"})
_UPLOAD_KEY = re.compile(r"accounts/([a-z0-9][a-z0-9-]{1,62})/(import|scrub|export)s/([0-9a-z]{26})/upload", re.ASCII)


class Upload(NamedTuple):
    """The parts of an upload's key."""

    account_id: str
    kind: JobKind
    job_id: str


def upload_of(key: str) -> Upload:
    """Return the parts of the key of an uploaded object. Raises ValueError for any other key."""
    match = _UPLOAD_KEY.fullmatch(key)
    if not match:
        raise ValueError("not the key of an upload")
    return Upload(match[1], JobKind(match[2]), match[3])


@cache
def s3() -> Any:
    """Return the S3 client. It uses the regional host, because S3 may redirect a PUT that is sent to the global one."""
    local = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    return clients.client(
        "s3",
        signature_version="s3v4",
        s3={"addressing_style": "path" if local else "virtual"},
        connect_timeout=2,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": 5},
    )


def _extended(filename: str) -> str:
    """Return the Content-Disposition parameter of a file name in any script (RFC 6266, RFC 8187)."""
    return f"filename*=UTF-8''{quote(filename, safe='')}"


class JobFiles:
    """The files of one job."""

    def __init__(self, client: Any, bucket: str, account_id: str, kind: JobKind, job_id: str) -> None:
        """Bind to a bucket and a job. `client`: the S3 client, or None if only URLs are created."""
        if not ACCOUNT_ID.fullmatch(account_id):
            raise ValueError("not an account id")
        self.client = client
        self.bucket = bucket
        self.prefix = f"accounts/{account_id}/{kind}s/{job_id}/"

    def key(self, name: str) -> str:
        """Return the key of one of the job's files."""
        return f"{self.prefix}{name}"

    def upload(self, length: int, at: datetime) -> dict[str, Any]:
        """Return how to upload the job's file: `url`, `method`, `headers` (send exactly these) and `expires_at`."""
        headers = {
            "Content-Length": str(length),
            "Content-Type": UPLOAD_TYPE,
            "If-None-Match": "*",
            "x-amz-tagging": f"kind={TAG_UPLOAD}",
        }
        seconds = int(UPLOAD_LIFETIME.total_seconds())
        url = presigner(self.bucket).url("PUT", self.key(UPLOAD), seconds, headers=headers)
        return {"url": url, "method": "PUT", "headers": headers, "expires_at": times.text(at + UPLOAD_LIFETIME)}

    def download(self, name: str, filename: str, content_type: str = "text/csv; charset=utf-8") -> str:
        """Return a URL for one of the job's files, valid for 15 minutes. A browser saves it as `filename`."""
        safe = re.sub(r"[^A-Za-z0-9._-]", "_", filename)
        query = {
            "response-content-disposition": f'attachment; filename="{safe}"; {_extended(filename)}',
            "response-content-type": content_type,
        }
        seconds = int(DOWNLOAD_LIFETIME.total_seconds())
        return presigner(self.bucket).url("GET", self.key(name), seconds, query=query)

    def put(self, name: str, body: bytes, tag: str = TAG_RESULT, metadata: Mapping[str, str] | None = None) -> None:
        """Write a small file whole. Idempotent."""
        self.client.put_object(
            Bucket=self.bucket, Key=self.key(name), Body=body, Tagging=f"kind={tag}", Metadata=dict(metadata or {})
        )

    def put_once(self, name: str, body: bytes) -> None:
        """Write a small file unless a file with this name exists."""
        try:
            self.client.put_object(
                Bucket=self.bucket, Key=self.key(name), Body=body, Tagging=f"kind={TAG_RESULT}", IfNoneMatch="*"
            )
        except aws_errors.refused() as failed:
            if aws_errors.error_code(failed) != "PreconditionFailed":
                raise

    def read(self, name: str) -> bytes | None:
        """Read a small file whole. Return None if it does not exist."""
        try:
            body: bytes = self.client.get_object(Bucket=self.bucket, Key=self.key(name))["Body"].read()
        except aws_errors.refused() as failed:
            if aws_errors.error_code(failed) not in _MISSING:
                raise
            return None
        return body

    def lines(self, name: str) -> Iterator[bytes]:
        """Stream the lines of a file, without line ends."""
        body = self.client.get_object(Bucket=self.bucket, Key=self.key(name))["Body"]
        yield from body.iter_lines(chunk_size=256 * 1024)

    def exists(self, name: str) -> bool:
        """Return whether a file exists."""
        try:
            self.client.head_object(Bucket=self.bucket, Key=self.key(name))
        except aws_errors.refused() as failed:
            if aws_errors.error_code(failed) not in _MISSING:
                raise
            return False
        return True


class ResultWriter:
    """Writes a file of any size in bounded memory, in parts of 8 MiB. The file does not exist until it is closed."""

    PART = 8 * 1024**2

    def __init__(self, files: JobFiles, name: str, tag: str = TAG_RESULT, content_type: str = "text/csv") -> None:
        """Begin a file of a job."""
        self._files = files
        self._name = name
        self._headers = {"Tagging": f"kind={tag}", "ContentType": content_type}
        self._buffer = bytearray()
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._buffer += data
        self.size += len(data)
        while len(self._buffer) >= self.PART:
            self._send(bytes(self._buffer[: self.PART]))
            del self._buffer[: self.PART]

    def close(self) -> None:
        """Finish the file, which exists from then on."""
        where = self._where()
        if self._upload is None:
            self._files.client.put_object(**where, Body=bytes(self._buffer), **self._headers)
            return
        if self._buffer:
            self._send(bytes(self._buffer))
        self._files.client.complete_multipart_upload(
            **where, UploadId=self._upload, MultipartUpload={"Parts": self._parts}
        )

    def _send(self, part: bytes) -> None:
        where = self._where()
        if self._upload is None:
            self._upload = self._files.client.create_multipart_upload(**where, **self._headers)["UploadId"]
        number = len(self._parts) + 1
        sent = self._files.client.upload_part(**where, UploadId=self._upload, PartNumber=number, Body=part)
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})

    def _where(self) -> dict[str, str]:
        return {"Bucket": self._files.bucket, "Key": self._files.key(self._name)}
