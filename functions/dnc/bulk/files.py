"""The files of bulk jobs in the one bucket, all of a job's under `accounts/{account_id}/{kind}s/{id}/`.

`JobFiles` is bound to a job, so that no key of another account can be named. What an upload URL allows is signed into
it: the key, the length, the type, the tag by which it expires, and that nothing is there yet.
"""

import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from dnc import times
from dnc.accounts.profiles import ACCOUNT_ID
from dnc.aws import clients
from dnc.aws import errors as aws_errors
from dnc.aws.presigned import presigner
from dnc.bulk.job import JobKind

MAX_UPLOAD_BYTES = 5 * 1024**3
"""What S3 takes in one PUT."""
UPLOAD_LIVES = timedelta(hours=1)
DOWNLOAD_LIVES = timedelta(minutes=15)
UPLOAD = "upload"
UPLOAD_TYPE = "application/octet-stream"
UPLOAD_KEY = re.compile(r"accounts/([a-z0-9][a-z0-9-]{1,62})/(import|scrub|export)s/([0-9a-z]{26})/upload", re.ASCII)
TAG_UPLOAD, TAG_RESULT, TAG_EXPORT = "upload", "result", "export"
"""The values of an object's tag `kind`, by which the bucket's lifecycle knows how long to keep it."""


@cache
def s3() -> Any:
    """Give the client of S3: SigV4, and the regional name of the bucket, without which a new bucket's PUT redirects."""
    local = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    return clients.client(
        "s3",
        signature_version="s3v4",
        s3={"addressing_style": "path" if local else "virtual"},
        connect_timeout=2,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": 5},
    )


class JobFiles:
    """The files of one job."""

    def __init__(self, client: Any, bucket: str, account_id: str, kind: JobKind, job_id: str) -> None:
        """Bind to a bucket and a job. `client`: of S3, None for what only hands out URLs."""
        if not ACCOUNT_ID.fullmatch(account_id):
            raise ValueError("not an account's id")
        self.client = client
        self.bucket = bucket
        self.prefix = f"accounts/{account_id}/{kind}s/{job_id}/"

    def key(self, name: str) -> str:
        """Give the key of one of the job's files."""
        return f"{self.prefix}{name}"

    def upload(self, length: int, at: datetime) -> dict[str, Any]:
        """Give how to upload the job's file: `url`, `method`, `headers` to send exactly so, `expires_at`."""
        headers = {
            "Content-Length": str(length),
            "Content-Type": UPLOAD_TYPE,
            "If-None-Match": "*",
            "x-amz-tagging": f"kind={TAG_UPLOAD}",
        }
        seconds = int(UPLOAD_LIVES.total_seconds())
        url = presigner(self.bucket).url("PUT", self.key(UPLOAD), seconds, headers=headers)
        return {"url": url, "method": "PUT", "headers": headers, "expires_at": times.text(at + UPLOAD_LIVES)}

    def download(self, name: str, filename: str, content_type: str = "text/csv; charset=utf-8") -> str:
        """Give a URL that lives 15 minutes, for one of the job's files; saved as `filename`."""
        safe = re.sub(r"[^A-Za-z0-9._-]", "_", filename)
        query = {
            "response-content-disposition": f'attachment; filename="{safe}"',
            "response-content-type": content_type,
        }
        seconds = int(DOWNLOAD_LIVES.total_seconds())
        return presigner(self.bucket).url("GET", self.key(name), seconds, query=query)

    def put(self, name: str, body: bytes, tag: str = TAG_RESULT, metadata: Mapping[str, str] | None = None) -> None:
        """Write a small file whole; again is the same."""
        self.client.put_object(
            Bucket=self.bucket, Key=self.key(name), Body=body, Tagging=f"kind={tag}", Metadata=dict(metadata or {})
        )

    def read(self, name: str) -> bytes | None:
        """Read a small file whole; None when it is not there."""
        try:
            body: bytes = self.client.get_object(Bucket=self.bucket, Key=self.key(name))["Body"].read()
        except aws_errors.refused() as failed:
            if aws_errors.error_code(failed) not in {"NoSuchKey", "404"}:
                raise
            return None
        return body

    def lines(self, name: str) -> Iterator[bytes]:
        """Read a file line by line, without line ends, as a stream."""
        body = self.client.get_object(Bucket=self.bucket, Key=self.key(name))["Body"]
        yield from body.iter_lines(chunk_size=256 * 1024)

    def there(self, name: str) -> bool:
        """Tell whether a file is there."""
        try:
            self.client.head_object(Bucket=self.bucket, Key=self.key(name))
        except aws_errors.refused() as failed:
            if aws_errors.error_code(failed) not in {"NoSuchKey", "404"}:
                raise
            return False
        return True


class FileWriter:
    """Writes a file of any size with bounded memory: parts of 8 MiB. Nothing is there until it is closed."""

    PART = 8 * 1024**2

    def __init__(self, files: JobFiles, name: str, tag: str = TAG_RESULT, content_type: str = "text/csv") -> None:
        """Begin a file of a job."""
        self._files = files
        self._name = name
        self._wanted = {"Tagging": f"kind={tag}", "ContentType": content_type}
        self._buffer = bytearray()
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []
        self.size = 0

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._buffer += data
        self.size += len(data)
        while len(self._buffer) >= self.PART:
            self._send(bytes(self._buffer[: self.PART]))
            del self._buffer[: self.PART]

    def close(self) -> None:
        """Finish the file: from now on it is there."""
        where = self._where()
        if self._upload is None:
            self._files.client.put_object(**where, Body=bytes(self._buffer), **self._wanted)
            return
        if self._buffer:
            self._send(bytes(self._buffer))
        self._files.client.complete_multipart_upload(
            **where, UploadId=self._upload, MultipartUpload={"Parts": self._parts}
        )

    def _send(self, part: bytes) -> None:
        where = self._where()
        if self._upload is None:
            self._upload = self._files.client.create_multipart_upload(**where, **self._wanted)["UploadId"]
        number = len(self._parts) + 1
        sent = self._files.client.upload_part(**where, UploadId=self._upload, PartNumber=number, Body=part)
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})

    def _where(self) -> dict[str, str]:
        return {"Bucket": self._files.bucket, "Key": self._files.key(self._name)}
