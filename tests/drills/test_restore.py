"""Two stacks side by side on one emulator, and both restore drills on the second, with the runbook's commands."""

import json
import re
import uuid

import pytest
import requests

from dnc import times
from infra.local import stack as local
from infra.tools import replay, restore
from tests.support.stack import FOLDER, Client, wait_for

NAME = "nocall-second"
AREAS = (206, 303, 404, 503, 602, 713, 817, 904)


@pytest.fixture(scope="module")
def second(stack):
    """A second stack on the emulator of the first. Nothing puts back what is deleted from its list."""
    return Client(local.up(FOLDER, parameters={"ReinstateDeleted": "false"}, name=NAME))


@pytest.fixture
def credentials(second, monkeypatch):
    """Credentials and endpoint as in a shell after `make env`."""
    lines = []
    local.env(FOLDER, lines.append, name=NAME)
    exported = [re.fullmatch(r"export (\w+)=(\S+)", line) for line in lines]
    for name, value in (line.groups() for line in exported if line):
        monkeypatch.setenv(name, value)


def number():
    return f"+1{AREAS[uuid.uuid4().int % len(AREAS)]}5550{uuid.uuid4().int % 100 + 100}"


def add(client, written):
    body = {"number": written, "source": "manual", "request_key": uuid.uuid4().hex, "note": "=1+1"}
    assert client.numbers("manager", "POST", body={**body, "acting_user": "u-1"}).status_code in {200, 201}
    wait_for(lambda: client.history(written)["chain"]["length"])


def remove(client, written):
    body = {"reason": "test_number", "note": "ours", "if_version": 1, "acting_user": "u-1"}
    assert client.numbers("manager", "DELETE", f"/{written}", body).status_code == 200
    wait_for(lambda: client.history(written)["chain"]["length"] == 2)


def callable_ones(client, numbers):
    """Return what both functions that check, and the list, say may be called."""
    direct = [result["callable"] for result in client.check(numbers)["results"]]
    path = f"/accounts/{client.stack['account_id']}/checks"
    over_http = client.call("dialer", "POST", path, {"numbers": numbers}).json()["results"]
    listed = [client.numbers("manager", "GET", f"/{one}").json()["status"] for one in numbers]
    assert direct == [result["callable"] for result in over_http] == [status == "removed" for status in listed]
    return direct


def rows(client, table):
    found = local.client(client.stack, "dynamodb").scan(TableName=table)["Items"]
    return {item["number"]["S"]: item for item in found}


def lose_the_list(client):
    """Delete every row by hand, and wait until that is recorded."""
    dynamodb, table = local.client(client.stack, "dynamodb"), client.stack["tables"]["numbers"]
    lost = rows(client, table)
    for item in lost.values():
        dynamodb.delete_item(TableName=table, Key={name: item[name] for name in ("account_id", "number")})
    wait_for(lambda: all(client.history(one)["events"][-1]["type"] == "deleted_out_of_band" for one in lost))


def export_the_list(client):
    """Run a night of exports, and return once the list is exported."""
    states = local.client(client.stack, "stepfunctions")
    machines = states.list_state_machines()["stateMachines"]
    [night] = [one["stateMachineArn"] for one in machines if one["name"] == f"{NAME}-nightly-exports"]
    states.start_execution(stateMachineArn=night, input=json.dumps({"scheduled_at": times.text(times.now())}))

    def finished():
        jobs = client.call("auditor", "GET", f"/accounts/{client.stack['account_id']}/exports").json()["exports"]
        assert "failed" not in {job["status"] for job in jobs}, jobs
        return [job for job in jobs if job["kind"] == "numbers" and job["status"] == "done"]

    wait_for(finished, 60)


def parameters_in(shown):
    """Return the parameters that a restore prints last."""
    return dict(part.split("=", 1) for part in shown.splitlines()[-1].split())


def test_two_stacks_share_nothing_but_the_emulator(client, second):
    assert second.stack["port"] == client.stack["port"]
    for part in ("tables", "functions"):
        assert not set(second.stack[part].values()) & set(client.stack[part].values())
    assert second.stack["bucket"] != client.stack["bucket"]
    written = number()
    add(second, written)
    assert second.check([written])["results"][0]["callable"] is False
    assert client.check([written])["results"][0]["callable"] is True
    theirs = {"Authorization": f"Bearer {client.stack['tokens']['auditor']}"}
    url = f"{second.stack['base_url']}/accounts/{second.stack['account_id']}/numbers"
    assert requests.get(url, headers=theirs, timeout=30).status_code == 401


@pytest.mark.usefixtures("credentials")
def test_a_list_that_was_deleted_is_restored_to_a_point_in_time_and_from_exports(second, capsys):
    listed, later, opened = number(), number(), number()
    for written in (listed, opened):
        add(second, written)
    export_the_list(second)
    at = times.text(times.now())
    add(second, later)
    remove(second, opened)
    good = rows(second, second.stack["tables"]["numbers"])
    lose_the_list(second)
    assert second.check([listed])["results"][0]["callable"] is True
    assert replay.main(NAME) == 0

    assert restore.main([NAME, "time", at, "numbers"]) == 0
    shown = capsys.readouterr().out
    assert f"Lost: {len(good)} changes made outside the service" in shown
    to_time = parameters_in(shown)
    assert rows(second, to_time["RestoredNumbersTable"]) == good

    assert restore.main([NAME, "exports"]) == 0
    shown = capsys.readouterr().out
    from_exports = parameters_in(shown)
    assert from_exports["RestoredNumbersTable"] != to_time["RestoredNumbersTable"]
    assert rows(second, from_exports["RestoredNumbersTable"]) == good

    second.stack = local.up(FOLDER, parameters=from_exports, name=NAME)
    assert second.stack["tables"]["numbers"] == from_exports["RestoredNumbersTable"]
    assert callable_ones(second, [listed, later, opened]) == [False, False, True]
    assert restore.main([NAME, "changes", at]) == 0
    # Changes to the restored table are recorded, in the chains that the numbers have.
    length = second.history(listed)["chain"]["length"]
    add(second, listed)
    chain = wait_for(lambda: (seen := second.history(listed)["chain"])["length"] > length and seen)
    assert chain["intact"]
