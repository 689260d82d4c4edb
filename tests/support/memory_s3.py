"""An in-memory S3 with the operations that the files of bulk jobs need, for tests and benchmarks."""

import io

from botocore.exceptions import ClientError
from botocore.response import StreamingBody


class MemoryS3:
    """One bucket. `objects`: bytes by key."""

    def __init__(self):
        self.objects = {}

    def put_object(self, *, Key, Body, **_):
        self.objects[Key] = bytes(Body)
        return {"ETag": "x"}

    def get_object(self, *, Key, Range=None, **_):
        data = self._of(Key, "GetObject")
        if Range:
            data = data[int(Range.removeprefix("bytes=").rstrip("-")) :]
        return {"Body": StreamingBody(io.BytesIO(data), len(data))}

    def head_object(self, *, Key, **_):
        return {"ContentLength": len(self._of(Key, "HeadObject")), "ETag": "x"}

    def delete_object(self, *, Key, **_):
        self.objects.pop(Key, None)

    def get_paginator(self, _operation):
        return self

    def paginate(self, *, Prefix, **_):
        return [{"Contents": [{"Key": key} for key in self.objects if key.startswith(Prefix)]}]

    def create_multipart_upload(self, *, Key, **_):
        self.objects[f"{Key}?parts"] = b""
        return {"UploadId": "u"}

    def upload_part(self, *, Key, Body, **_):
        self.objects[f"{Key}?parts"] += Body
        return {"ETag": "x"}

    def complete_multipart_upload(self, *, Key, **_):
        self.objects[Key] = self.objects.pop(f"{Key}?parts")

    def _of(self, key, operation):
        if key not in self.objects:
            response = {"Error": {"Code": "NoSuchKey"}, "ResponseMetadata": {"HTTPStatusCode": 404}}
            raise ClientError(response, operation)
        return self.objects[key]
