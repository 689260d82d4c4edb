"""As much of S3 as bulk jobs need, in a folder: what is stored is not in the memory that is measured."""

from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from botocore.response import StreamingBody


class FolderS3:
    """As much of S3 as the files of a job need, in a folder: what is stored takes no memory that is measured."""

    def __init__(self, folder: Path) -> None:
        """Take a folder."""
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
        """Give an object's length."""
        return {"ContentLength": self.path(Key).stat().st_size, "ETag": "x"}

    def create_multipart_upload(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Begin an object in parts."""
        self.path(Key).write_bytes(b"")
        return {"UploadId": "u"}

    def upload_part(self, *, Key: str, Body: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Add a part."""
        with self.path(Key).open("ab") as out:
            out.write(Body)
        return {"ETag": "x"}

    def complete_multipart_upload(self, **_: Any) -> None:
        """Finish an object in parts."""

    def path(self, key: str) -> Path:
        """Give the file of an object."""
        return self._folder / key.replace("/", "~")
