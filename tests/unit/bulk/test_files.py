"""Which keys are uploads, and what an upload's URL and a stored file promise."""

import pytest

from dnc.bulk.files import JobFiles, upload_of
from dnc.bulk.job import JobKind

ID = "0" * 26
KEY = f"accounts/acme/imports/{ID}/upload"


class Recording:
    """An S3 client that records its calls."""

    def __init__(self):
        self.puts = []

    def put_object(self, **request):
        self.puts.append(request)


def test_the_key_of_an_upload_names_its_account_kind_and_job():
    assert upload_of(KEY) == ("acme", JobKind.IMPORT, ID)


@pytest.mark.parametrize(
    "key",
    [
        KEY + "s",
        KEY + "/x",
        KEY + "\n",
        "x" + KEY,
        f"accounts/acme/imports/{ID}0/upload",
        f"accounts/acme/imports/{ID[1:]}/upload",
        f"accounts/acme/imports/{ID[2:]}..//upload",
        f"accounts/acme/imports/{ID[1:]}A/upload",
        f"accounts/acme/imports/{ID[1:]}٣/upload",
        f"accounts/acme/orders/{ID}/upload",
        f"accounts/#platform/imports/{ID}/upload",
        f"accounts/Acme/imports/{ID}/upload",
        f"accounts/а-acme/imports/{ID}/upload",
        f"accounts/a/imports/{ID}/upload",
        f"accounts/acme/x/imports/{ID}/upload",
        f"accounts/../imports/{ID}/upload",
        f"accounts/acme/imports/{ID}/report.csv",
    ],
)
def test_any_other_key_is_not_an_upload(key):
    with pytest.raises(ValueError, match="upload"):
        upload_of(key)


@pytest.mark.parametrize("account_id", ["../globex", "", "A", "a", "acme/imports", "#platform", "acme\n"])
def test_a_jobs_files_need_a_valid_account(account_id):
    with pytest.raises(ValueError, match="account"):
        JobFiles(None, "bulk", account_id, JobKind.IMPORT, ID)


def test_a_file_that_is_stored_once_is_stored_under_a_condition():
    client = Recording()
    files = JobFiles(client, "bulk", "acme", JobKind.SCRUB, ID)
    files.put_once("out/000001.bin", b"x")
    files.put("late/000001.json", b"x")
    assert [put.get("IfNoneMatch") for put in client.puts] == ["*", None]
