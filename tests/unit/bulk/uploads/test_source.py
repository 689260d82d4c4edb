"""An object of S3 as a stream: taken up where a connection broke, sought in, and gone."""

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
    """Its connections break after some bytes, or are never made."""

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
    """A body that is cut off without a word."""


@pytest.mark.parametrize("seed", range(20))
def test_a_broken_connection_is_taken_up_where_it_broke(seed):
    s3 = Breaking(seed)
    data = random.Random(seed).randbytes(40_000)
    s3.put_object(Key="k", Body=data)
    assert io.BufferedReader(S3Object(s3, "b", "k"), 8192).read() == data
    assert s3.opened > 5


def test_a_storage_that_is_away_is_said_to_be():
    s3 = Breaking(1, share=1.1)
    s3.put_object(Key="k", Body=b"x")
    with pytest.raises(Unavailable):
        S3Object(s3, "b", "k").read()


def test_a_zip_is_read_out_of_s3_although_its_directory_is_at_its_end():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a", "b"):
            archive.writestr(name, f"{name}\n" * 50_000)
    s3 = MemoryS3()
    s3.put_object(Key="k", Body=out.getvalue())
    source = S3Object(s3, "b", "k")
    found = {name: opened.read() for name, opened in open_files(source, source.size, "x.zip", Limits())}
    assert found == {"a": b"a\n" * 50_000, "b": b"b\n" * 50_000}


def test_a_file_that_is_gone_is_told_in_words():
    with pytest.raises(FileRefused, match="has been deleted"):
        S3Object(MemoryS3(), "b", "k")
