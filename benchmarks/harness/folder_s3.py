"""The parts of S3 that bulk jobs use, in a folder, so that stored objects do not count as the process's memory."""

from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from botocore.response import StreamingBody


class FolderS3:
    """The parts of an S3 client that a job's files use, backed by a folder."""

    def __init__(self, folder: Path) -> None:
        """Store objects in this folder."""
        self._folder = folder

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Write an object."""
        self.path(Key).write_bytes(Body)
        return {"ETag": "x"}

    def get_object(self, *, Key: str, Range: str = "bytes=0-", **_: Any) -> dict[str, Any]:  # noqa: N803
        """Open an object as a stream."""
        path = self.path(Key)
        if not path.exists():
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        opened = path.open("rb")
        opened.seek(int(Range.removeprefix("bytes=").rstrip("-")))
        return {"Body": StreamingBody(opened, path.stat().st_size - opened.tell())}

    def head_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Return an object's length."""
        return {"ContentLength": self.path(Key).stat().st_size, "ETag": "x"}

    def create_multipart_upload(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Start a multipart upload."""
        self.path(Key).write_bytes(b"")
        return {"UploadId": "u"}

    def upload_part(self, *, Key: str, Body: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Add a part."""
        with self.path(Key).open("ab") as out:
            out.write(Body)
        return {"ETag": "x"}

    def complete_multipart_upload(self, **_: Any) -> None:
        """Finish a multipart upload."""

    def path(self, key: str) -> Path:
        """Return the file of an object."""
        return self._folder / key.replace("/", "~")
