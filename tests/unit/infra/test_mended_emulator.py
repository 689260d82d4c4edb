"""What the local stack sets right in the emulator is still needed, and still fits."""

import subprocess
import sys

from infra.local.stack import ROOT

LOOK = """
import sys
from ministack.services import dynamodb
if {mended}:
    from infra.local import mended_emulator
    mended_emulator.mend()
table = {{"AttributeName": "k", "AttributeType": "S"}}
made = dynamodb._create_table({{"TableName": "numbers", "AttributeDefinitions": [table],
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{{"AttributeName": "k", "KeyType": "HASH"}}],
    "StreamSpecification": {{"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}}})
assert made[0] == 200, made
for statement in ("INSERT INTO numbers VALUE {{'k': 'a', 'n': 1}}", "UPDATE numbers SET n=2 WHERE k='a'"):
    status, _, body = dynamodb._execute_statement({{"Statement": statement}})
    assert status == 200, body
print([r["eventName"] for r in dynamodb._stream_records.get("numbers") or []])
"""


def records(mended):
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(mended=mended)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_rows_written_by_partiql_come_through_the_stream():
    assert records(mended=True) == "['INSERT', 'MODIFY']"
    assert records(mended=False) == "[]", "the emulator has it now: infra/local/mended_emulator.py can go"
