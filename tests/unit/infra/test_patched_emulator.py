"""The local stack's patches of the emulator are still needed, and still work."""

import json
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


def printed(script, patched, *arguments):
    """Run a script on the emulator as it is or with the patches, and return the lines that it prints."""
    command = [sys.executable, "-c", script.format(patched=patched), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()


def records(patched):
    return printed(SCRIPT, patched)[-1]


def test_rows_written_by_partiql_produce_stream_records():
    assert records(patched=True) == "['INSERT', 'MODIFY']"
    assert records(patched=False) == "[]", "the emulator does this now: delete infra/local/patched_emulator.py"


GATEWAY = """
import asyncio
from ministack.services import apigateway_v1
if {patched}:
    from infra.local import patched_emulator
    patched_emulator.patch()
_, _, made = apigateway_v1._create_rest_api({{"name": "page", "minimumCompressionSize": 1024}})
import json
api = json.loads(made)
async def execute(*_):
    return 200, {{"Content-Type": "text/html"}}, b"x" * 2000
apigateway_v1._execute_in_scope = execute
def size(**headers):
    status, sent, body = asyncio.run(
        apigateway_v1.handle_execute(api["id"], "v1", "GET", "/", headers, b"", {{}})
    )
    return len(body), sent.get("Content-Encoding")
print(size(**{{"accept-encoding": "gzip, br"}}), size())
"""


def compressed(patched):
    return printed(GATEWAY, patched)[-1]


def test_a_rest_api_compresses_from_its_minimum_size_on():
    small, plain = compressed(patched=True).split(") (")
    assert small.endswith("'gzip'")
    assert int(small.split(",")[0].strip("(")) < 100
    assert plain == "2000, None)"
    assert "gzip" not in compressed(patched=False), "the emulator does this now: delete that patch"


ANY_METHOD = """
from ministack.services import apigateway_v1
if {patched}:
    from infra.local import patched_emulator
    patched_emulator.patch()
integration = {{"x-amazon-apigateway-integration": {{"type": "mock"}}}}
spec = {{"swagger": "2.0", "info": {{"title": "a"}}, "paths": {{
    "/known": {{"get": integration}}, "/{{proxy+}}": {{"x-amazon-apigateway-any-method": integration}}}}}}
api_id = apigateway_v1._import_rest_api(spec)
api_id = api_id if isinstance(api_id, str) else list(apigateway_v1._rest_apis)[-1]
found, _ = apigateway_v1._match_greedy_fallback(api_id, ["known"], "PATCH")
print(found["path"] if found else "nothing")
"""


def fallback(patched):
    return printed(ANY_METHOD, patched)[-1]


def test_a_path_without_the_method_falls_back_to_any():
    assert fallback(patched=True) == "/{proxy+}"
    assert fallback(patched=False) == "nothing", "the emulator does this now: delete that patch"


UPDATE = """
from ministack.services.cloudformation import provisioners
if {patched}:
    from infra.local import patched_emulator
    patched_emulator.patch()
table = {{"AttributeDefinitions": [{{"AttributeName": "k", "AttributeType": "S"}}], "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{{"AttributeName": "k", "KeyType": "HASH"}}],
    "StreamSpecification": {{"StreamViewType": "NEW_IMAGE"}}}}
name, _ = provisioners._provision_resource("AWS::DynamoDB::Table", "Numbers", table, "nested")
_, attributes = provisioners._update_resource("AWS::DynamoDB::Table", name, table, table, "nested", "Numbers")
print("StreamArn" in attributes)
"""


def attribute_after_an_update(patched):
    return printed(UPDATE, patched)[-1]


def test_a_resource_of_a_nested_stack_that_does_not_change_keeps_its_attributes():
    assert attribute_after_an_update(patched=True) == "True"
    assert attribute_after_an_update(patched=False) == "False", "the emulator does this now: delete that patch"


RESTORE = """
import time
from ministack.services import dynamodb
if {patched}:
    from infra.local import patched_emulator
    patched_emulator.patch()
clock = 100.0
time.time = lambda: clock
keys = [{{"AttributeName": name, "KeyType": kind}} for name, kind in (("h", "HASH"), ("r", "RANGE"))]
types = [{{"AttributeName": name, "AttributeType": "S"}} for name in ("h", "r")]
created = dynamodb._create_table({{"TableName": "numbers", "AttributeDefinitions": types, "KeySchema": keys,
    "BillingMode": "PAY_PER_REQUEST"}})
assert created[0] == 200, created
def put(number, value):
    item = {{"h": {{"S": "acme"}}, "r": {{"S": number}}, "v": {{"S": value}}}}
    assert dynamodb._put_item({{"TableName": "numbers", "Item": item}})[0] == 200
put("a", "1"), put("b", "1"), put("c", "1")
clock = 200.0
put("a", "2"), put("a", "3"), put("d", "1")
assert dynamodb._delete_item({{"TableName": "numbers", "Key": {{"h": {{"S": "acme"}}, "r": {{"S": "b"}}}}}})[0] == 200
for target, at in (("early", 150), ("late", 200)):
    request = {{"SourceTableName": "numbers", "TargetTableName": target, "RestoreDateTime": at}}
    assert dynamodb._restore_table_to_point_in_time(request)[0] == 200
    rows = dynamodb._tables[target]["items"]["acme"]
    print(sorted((key, row["v"]["S"]) for key, row in rows.items()))
"""


def restored(patched):
    return printed(RESTORE, patched)[-2:]


def test_a_table_is_restored_as_it_was_at_that_time():
    now = "[('a', '3'), ('c', '1'), ('d', '1')]"
    assert restored(patched=True) == ["[('a', '1'), ('b', '1'), ('c', '1')]", now]
    assert restored(patched=False) == [now, now], "the emulator does this now: delete that patch"


CONTEXTS = """
import pathlib, sys
from ministack.core import lambda_runtime
if {patched}:
    from infra.local import patched_emulator
    patched_emulator.patch()
folder = pathlib.Path(sys.argv[1])
(folder / "worker.py").write_text(lambda_runtime._PYTHON_WORKER_SCRIPT)
(folder / "subject.py").write_text('''
classes = set()
def handle(event, context):
    classes.add(type(context))
    return [len(classes), context.function_name, context.get_remaining_time_in_millis() > 1000]
''')
"""


def results_of_two_invocations(folder, *, patched):
    printed(CONTEXTS, patched, folder)
    start = {"code_dir": str(folder), "module": "subject", "handler": "handle", "function_name": "f"}
    lines = [start, {"event": {}}, {"event": {}}]
    done = subprocess.run(
        [sys.executable, folder / "worker.py"],
        input="".join(f"{json.dumps(line)}\n" for line in lines),
        capture_output=True,
        text=True,
        check=True,
    )
    ready, *results = map(json.loads, done.stdout.splitlines())
    assert ready["status"] == "ready"
    return [result["result"] for result in results]


def test_all_contexts_of_a_process_have_one_class(tmp_path):
    assert results_of_two_invocations(tmp_path, patched=True) == [[1, "f", True], [1, "f", True]]
    now = results_of_two_invocations(tmp_path, patched=False)
    assert now == [[1, "f", True], [2, "f", True]], "the emulator does this now: delete that patch"


ERRORS = """
import io, zipfile
from ministack.core import lambda_runtime
if {patched}:
    from infra.local import patched_emulator
    patched_emulator.patch()
code = io.BytesIO()
with zipfile.ZipFile(code, "w") as archive:
    archive.writestr("subject.py", "import os\\ndef handle(event, context):\\n    return os.getpid() // event\\n")
config = {{"Runtime": "python3.13", "Handler": "subject.handle", "Timeout": 10, "FunctionName": "f",
    "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f"}}
worker = lambda_runtime.Worker("f", config, code.getvalue())
first, failed, second = (worker.invoke(divisor, "r") for divisor in (1, 0, 1))
print(failed["status"], "ZeroDivisionError" in failed["trace"], first["result"] == second["result"])
worker.kill()
"""


def outcome_of_an_error(patched):
    return printed(ERRORS, patched)[-1]


def test_a_process_continues_after_its_handler_raised_an_error():
    assert outcome_of_an_error(patched=True) == "error True True"
    assert outcome_of_an_error(patched=False) == "error True False", "the emulator does this now: delete that patch"


COLLECTIONS = """
import gc
import ministack.app
if {patched}:
    from infra.local import patched_emulator
    patched_emulator.patch()
rows = [{{"number": {{"S": str(n)}}}} for n in range(1000)]
gc.collect(0), gc.collect(1)
before = gc.get_freeze_count()
gc.collect()
print(before, gc.get_freeze_count() > len(rows))
"""


def frozen(patched):
    return printed(COLLECTIONS, patched)[-1]


def test_stored_rows_are_searched_for_garbage_only_once():
    assert frozen(patched=True) == "0 True"
    assert frozen(patched=False) == "0 False", "the emulator does this now: delete that patch"
