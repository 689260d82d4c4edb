"""The snippets in the README and the docs work as pasted."""

import json
import os
import re
import subprocess
import sys
import uuid

from infra.local import stack as local
from infra.local.stack import ROOT
from tests.support import curl
from tests.support.stack import FOLDER, wait_for

PAGES = ("README.md", "docs/api.md", "docs/bulk.md")


def block(language, text):
    """Return the one code block in a language that contains this text."""
    pages = "\n".join((ROOT / page).read_text() for page in PAGES)
    [found] = [b for b in re.findall(rf"^```{language}\n(.*?)^```", pages, re.DOTALL | re.MULTILINE) if text in b]
    return found


def pasted(folder, text):
    """Run a shell block in a folder like the one where `make demo` ran, and return its output."""
    (folder / ".local").mkdir()
    (folder / ".local" / "stack.json").write_text((FOLDER / "stack.json").read_text())
    done = subprocess.run(
        ["sh", "-eu", "-c", block("sh", text)],
        cwd=folder,
        env={**os.environ, "PATH": curl.search_path(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_five_calls_work_as_pasted(stack, tmp_path):
    out = pasted(tmp_path, "# 5. Read its history")
    added, checked, read, removed, history = [json.loads(line) for line in out.splitlines()]
    assert added["number"] == "+14155550147"
    assert [r["status"] for r in checked["results"]] == ["listed", "clear", "invalid"]
    assert "marked_by_mistake" in read["removal_notice"]["reasons"]
    assert removed["status"] == "removed"
    assert "chain" in history


def test_the_import_works_as_pasted(stack, tmp_path):
    out = pasted(tmp_path, "old-list.csv")
    counts, header, refused = out.splitlines()
    assert "'rows': 3" in counts
    assert header == "line,value,outcome,why,column"
    assert refused.startswith('4,"""12""",refused,')


def test_the_dialer_snippet_fails_closed(stack, client):
    client.numbers("agent", "POST", body={"number": "+14155550146"})
    script = block("python", "lambda_client.invoke") + (
        "\nprint(json.dumps([sorted(callable_numbers(a, n)) for a, n in json.loads(os.environ['CHECKS'])]))"
    )
    checks = [["acme", ["(415) 555-0146", "415 555 0145", "911"]], ["acmee", ["415 555 0145"]], ["acme", []]]
    environment = {
        **os.environ,
        **local.variables(stack),
        "NOCALL_CHECK": stack["functions"]["check_numbers"],
        "CHECKS": json.dumps(checks),
    }
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    assert json.loads(done.stdout) == [["415 555 0145"], [], []]
    unreachable = environment | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=unreachable, capture_output=True, text=True, timeout=120, check=True
    )
    assert json.loads(done.stdout) == [[], [], []]


def test_a_dialer_drops_a_queued_lead_when_its_number_is_listed(stack, client, account):
    """The event is delivered twice. Other leads and other accounts stay in the queue."""
    dynamodb, sqs, events = (local.client(stack, service) for service in ("dynamodb", "sqs", "events"))
    table = f"queue-{uuid.uuid4().hex[:8]}"
    keys = {"account_id": "HASH", "number": "RANGE"}
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
    )
    queued = [(account, "+14155550170"), (account, "+14155550171"), ("another", "+14155550170")]
    for account_id, number in queued:
        dynamodb.put_item(TableName=table, Item={"account_id": {"S": account_id}, "number": {"S": number}})
    queue = sqs.create_queue(QueueName=table)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = {"source": ["nocall"], "detail-type": ["NumberListed"], "detail": {"account_id": [account]}}
    events.put_rule(Name=table, EventBusName=stack["event_bus"], EventPattern=json.dumps(rule))
    events.put_targets(Rule=table, EventBusName=stack["event_bus"], Targets=[{"Id": "1", "Arn": arn}])
    client.numbers("operator", "POST", body={"number": "+14155550170"}, account=account)
    [message] = wait_for(lambda: sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=1).get("Messages"))
    script = block("python", "DIALER_QUEUE") + (
        "\nimport json\nfor _ in range(2):\n    lambda_handler(json.loads(os.environ['EVENT']), None)"
    )
    environment = {
        **os.environ,
        **local.variables(stack),
        "DIALER_QUEUE": table,
        "EVENT": message["Body"],
    }
    subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, timeout=120, check=True)
    left = {(row["account_id"]["S"], row["number"]["S"]) for row in dynamodb.scan(TableName=table)["Items"]}
    assert left == set(queued[1:])


def test_an_operators_key_is_created_with_iam_credentials(stack, client):
    environment = {
        **os.environ,
        **local.variables(stack),
        "PYTHONPATH": f"{ROOT / 'functions'}{os.pathsep}{ROOT}",
    }
    command = [sys.executable, "-m", "infra.tools.operator_key"]
    made = subprocess.run(
        [*command, "nocall-local", "who it is for"], env=environment, capture_output=True, text=True, check=True
    )
    assert client.call(None, "GET", "/accounts", token=made.stdout.strip()).status_code == 200
    for arguments, words in ((["nocall-local", ""], "usage:"), (["no-such-stack", "x"], "No key was created")):
        failed = subprocess.run([*command, *arguments], env=environment, capture_output=True, text=True, check=False)
        assert failed.returncode != 0
        assert words in failed.stderr
