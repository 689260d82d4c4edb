"""The local stack's patch of the emulator is still needed, and still works."""

import subprocess
import sys

from infra.local.stack import ROOT

SCRIPT = """
import sys
from ministack.services import dynamodb
if {patched}:
    from infra.local import patched_emulator
    patched_emulator.patch()
table = {{"AttributeName": "k", "AttributeType": "S"}}
created = dynamodb._create_table({{"TableName": "numbers", "AttributeDefinitions": [table],
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{{"AttributeName": "k", "KeyType": "HASH"}}],
    "StreamSpecification": {{"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}}})
assert created[0] == 200, created
for statement in ("INSERT INTO numbers VALUE {{'k': 'a', 'n': 1}}", "UPDATE numbers SET n=2 WHERE k='a'"):
    status, _, body = dynamodb._execute_statement({{"Statement": statement}})
    assert status == 200, body
print([r["eventName"] for r in dynamodb._stream_records.get("numbers") or []])
"""


def records(patched):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(patched=patched)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_rows_written_by_partiql_produce_stream_records():
    assert records(patched=True) == "['INSERT', 'MODIFY']"
    assert records(patched=False) == "[]", "the emulator does this now: delete infra/local/patched_emulator.py"
