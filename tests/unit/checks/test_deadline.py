"""A direct check responds in time or raises, whatever its storage does."""

import importlib
import time

import pytest

from dnc.accounts.profiles import Profiles
from dnc.aws import clients, deadline, queries
from dnc.aws.credentials import Credentials
from dnc.aws.dynamodb import DynamoDB
from dnc.problems import Unavailable
from infra import templates
from tests.support.fault_server import FaultServer, error, ok, stall, trickle

PAYLOAD = {"account_id": "acme", "numbers": ["+14155550100"]}
PROFILE = {"Item": {"account_id": {"S": "acme"}, "record": {"S": "profile"}, "default_region": {"S": "US"}}}


@pytest.fixture
def handler(monkeypatch):
    environment = {"NUMBERS_TABLE": "numbers", "ACCOUNTS_TABLE": "accounts", "CHECK_DEADLINE_SECONDS": "0.5"}
    for name, value in {**environment, "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    return importlib.reload(importlib.import_module("check_numbers.handler"))


class Context:
    def __init__(self, seconds):
        self.seconds = seconds

    def get_remaining_time_in_millis(self):
        return self.seconds * 1000


@pytest.mark.parametrize("numbers", [1, 250])
@pytest.mark.parametrize(
    "act", [stall, trickle, error("InternalServerError", 500), ok({"Responses": {}, "UnprocessedKeys": {}})]
)
def test_a_check_ends_by_its_deadline_and_is_never_clear(handler, monkeypatch, act, numbers):
    with FaultServer(after=act) as server:
        keys = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "secret"}
        client = DynamoDB(server.url, "us-east-1", Credentials(keys), attempts=50)
        monkeypatch.setattr(clients, "dynamodb", lambda: client)
        handler.accounts = Profiles(client, "accounts")
        server.script = [ok(PROFILE)]
        started = time.monotonic()
        with pytest.raises(handler.Unavailable, match="do not call"):
            handler.lambda_handler({**PAYLOAD, "numbers": [f"+1415555{n:04}" for n in range(numbers)]}, Context(5))
        assert time.monotonic() - started < 1.5
        client.close()


def test_a_function_that_is_about_to_time_out_has_no_time_left():
    deadline.begin(Context(0.9), 2.5)
    assert deadline.left() < 0
    deadline.begin(Context(28), 2.5)
    assert 2.4 < deadline.left() <= 2.5
    deadline.begin(Context(28))
    assert 26.9 < deadline.left() <= 27
    deadline.begin(None)
    assert deadline.left() == float("inf")


WITHOUT_STORAGE = {"console.handler"}
BY_THE_API = "api.answer(event, context)"
"""It sets the deadline itself."""


@pytest.mark.parametrize("module", sorted({f.module for f in templates.functions()} - WITHOUT_STORAGE))
def test_every_function_that_uses_storage_sets_its_deadline(module):
    source = (templates.ROOT / "functions" / f"{module.replace('.', '/')}.py").read_text()
    assert "deadline.begin(context" in source or BY_THE_API in source


@pytest.mark.parametrize("throttled", [False, True])
def test_a_worker_gives_up_before_its_timeout_and_pauses_between_attempts(throttled):
    unread = {"accounts": {"Keys": [{"account_id": {"S": "acme"}, "record": {"S": "profile"}}]}}
    act = error("ThrottlingException", 400) if throttled else ok({"Responses": {}, "UnprocessedKeys": unread})
    with FaultServer(after=act) as server:
        keys = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "secret"}
        client = DynamoDB(server.url, "us-east-1", Credentials(keys), attempts=1000)
        server.script = [act] * 1000
        deadline.begin(Context(1.6))
        begun = time.monotonic()
        with pytest.raises(Unavailable):
            list(queries.batch(client, "accounts", unread["accounts"]["Keys"], patience=60))
        assert time.monotonic() - begun < 1.5
        assert 1000 - len(server.script) < 60, "attempts are apart"
        client.close()
        deadline.clear()


def test_a_check_has_its_own_deadline_whatever_time_the_function_has(handler, monkeypatch):
    left = []
    monkeypatch.setattr(handler.check, "current_profile", lambda *_: left.append(deadline.left()))
    with pytest.raises(handler.Unavailable):
        handler.lambda_handler(PAYLOAD, Context(60))
    assert left[0] <= handler.CHECK_SECONDS
    with pytest.raises(handler.Unavailable):
        handler.lambda_handler(PAYLOAD, Context(deadline.MARGIN_SECONDS + 0.1))
    assert left[1] <= 0.1
