"""An S3 object as a stream: resumed after a broken connection, seekable, and deleted."""

import io
import random
import zipfile

import pytest
from botocore.exceptions import ReadTimeoutError

from dnc.bulk.uploads import source as bulk_source
from dnc.bulk.uploads.errors import FileRefused
from dnc.bulk.uploads.source import Limits, S3Object, open_files
from dnc.problems import Unavailable
from tests.support.memory_s3 import MemoryS3


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(bulk_source, "_PAUSE_SECONDS", 0.0)


class Breaking(MemoryS3):
    """Its connections break after some bytes, or fail to open."""

    def __init__(self, seed, share=0.3):
        super().__init__()
        self.rng, self.share, self.opened = random.Random(seed), share, 0

    def get_object(self, **options):
        self.opened += 1
        if self.rng.random() < self.share:
            raise ReadTimeoutError(endpoint_url="https://x")
        body = super().get_object(**options)["Body"].read()
        return {"Body": Cut(body[: self.rng.randrange(1, 5000)])}


class Cut(io.BytesIO):
    """A body that ends early without an error."""


@pytest.mark.parametrize("seed", range(20))
def test_a_broken_connection_is_resumed_where_it_broke(seed):
    s3 = Breaking(seed)
    data = random.Random(seed).randbytes(40_000)
    s3.put_object(Key="k", Body=data)
    assert io.BufferedReader(S3Object(s3, "b", "k"), 8192).read() == data
    assert s3.opened > 5


def test_unreachable_storage_is_reported_as_unavailable():
    s3 = Breaking(1, share=1.1)
    s3.put_object(Key="k", Body=b"x")
    with pytest.raises(Unavailable):
        S3Object(s3, "b", "k").read()


def test_a_zip_in_s3_is_read_although_its_directory_is_at_its_end():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a", "b"):
            archive.writestr(name, f"{name}\n" * 50_000)
    s3 = MemoryS3()
    s3.put_object(Key="k", Body=out.getvalue())
    source = S3Object(s3, "b", "k")
    found = {name: opened.read() for name, opened in open_files(source, source.size, "x.zip", Limits())}
    assert found == {"a": b"a\n" * 50_000, "b": b"b\n" * 50_000}


def test_a_deleted_file_is_refused_with_the_reason():
    with pytest.raises(FileRefused, match="has been deleted"):
        S3Object(MemoryS3(), "b", "k")


class Recording(MemoryS3):
    """Records the requests for objects."""

    def __init__(self):
        super().__init__()
        self.requests = []

    def head_object(self, **request):
        self.requests.append(request)
        return super().head_object(Key=request["Key"])

    def get_object(self, **request):
        self.requests.append(request)
        return super().get_object(Key=request["Key"], Range=request["Range"])


def test_a_file_is_read_in_the_version_and_the_state_in_which_it_began():
    s3 = Recording()
    s3.put_object(Key="k", Body=b"0123456789")
    source = S3Object(s3, "b", "k", "v-1")
    source.seek(5)
    assert source.read() == b"56789"
    _, *reads = s3.requests
    assert reads
    assert {request["VersionId"] for request in s3.requests} == {"v-1"}
    assert {read["IfMatch"] for read in reads} == {s3.head_object(Key="k")["ETag"]}
