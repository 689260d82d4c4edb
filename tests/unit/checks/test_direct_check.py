"""The direct check's validation and logging, compared with pydantic and Powertools, and the modules it loads."""

import io
import json
import subprocess
import sys

import pytest
from aws_lambda_powertools import Logger
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dnc.api.number_requests import DirectCheck
from dnc.aws import errors as aws_errors
from dnc.aws.errors import AwsError, NoResponse
from dnc.checks import payload
from dnc.logs import failures
from dnc.logs import plain as plain_log
from dnc.problems import InvalidRequest, Unavailable
from infra.local.stack import ROOT

NUMBER = "+14155550100"
texts = st.text(max_size=70) | st.sampled_from(
    ["acme", NUMBER, "US", "us", "gb", "XX", "", " ", "\ud800", "ß", "1" * 64]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
numbers = st.lists(texts, max_size=5) | st.lists(json_values, max_size=5) | json_values
payloads = json_values | st.fixed_dictionaries(
    {},
    optional={
        "account_id": texts | json_values,
        "numbers": numbers,
        "region": texts | json_values,
        "channel": st.sampled_from(["text", "voice", "", "fax", None]) | json_values,
        "regoin": json_values,
        "": json_values,
    },
)


def by_pydantic(value):
    try:
        model = DirectCheck.model_validate(value)
    except ValidationError as refused:
        return sorted({".".join(map(str, e["loc"])) or "body" for e in refused.errors(include_url=False)})
    return model.account_id, model.numbers, model.region, model.channel


def by_reader(value):
    try:
        request = payload.read(value)
    except InvalidRequest as refused:
        return sorted({error.field for error in refused.errors})
    return request.account_id, request.numbers, request.region, request.channel


@settings(deadline=None)
@given(payloads)
@example({"account_id": "acme", "numbers": [NUMBER], "region": "us"})
@example({"account_id": "acme", "numbers": [NUMBER] * 1000})
@example({"account_id": "acme", "numbers": [NUMBER] * 1001})
@example({"account_id": "acme", "numbers": [1] * 1001})
@example({"account_id": "acme", "numbers": [NUMBER, None, 4]})
@example({"account_id": "é" * 63, "numbers": ["\ud800"]})
@example({"account_id": "🙂" * 64, "numbers": ("a",)})
@example({"account_id": "acme", "numbers": [NUMBER], "region": "ß"})
@example({"account_id": "acme", "numbers": [NUMBER], "region": "\ud800"})
@example({1: 2})
@example({"\ud800": 1, "regoin": 2})
def test_the_model_accepts_the_same_payloads_and_refuses_the_same_fields(value):
    assert by_reader(value) == by_pydantic(value)


def test_both_refuse_with_the_same_message():
    from dnc.api.request_reader import read_body

    for value in (
        None,
        {},
        {"account_id": "", "numbers": []},
        {"account_id": "a" * 64, "numbers": "x", "region": 1},
        {"account_id": 1, "numbers": [1], "region": "XX", "regoin": "US"},
        {"account_id": "acme", "numbers": ["x"] * 1001},
        {"account_id": "acme", "numbers": ["x"], "channel": "fax"},
        {"account_id": "acme", "numbers": ["x"], "channel": 1},
    ):
        details = []
        for read in (payload.read, lambda body: read_body(DirectCheck, body)):
            with pytest.raises(InvalidRequest) as refused:
                read(value)
            details.append(refused.value.detail)
        assert details[0] == details[1]
        assert "Input should" not in details[0]


def test_a_log_line_has_the_fields_of_powertools(monkeypatch):
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=1;Sampled=1")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "beside")
    theirs, own = io.StringIO(), io.StringIO()
    Logger(service="beside", stream=theirs).error("check failed", extra={"error_type": "Oops"})
    monkeypatch.setattr(sys, "stdout", own)
    plain_log.error("check failed", {"error_type": "Oops"})
    monkeypatch.undo()
    expected, actual = json.loads(theirs.getvalue()), json.loads(own.getvalue())
    assert set(actual) == set(expected)
    for name in ("level", "message", "service", "error_type", "xray_trace_id"):
        assert actual[name] == expected[name]
    assert actual["location"].startswith("test_a_log_line_has_the_fields_of_powertools:")
    shape = [len(part) for part in expected["timestamp"].replace(",", " ").split()]
    assert [len(part) for part in actual["timestamp"].replace(",", " ").split()] == shape


@pytest.mark.parametrize(
    ("failed", "logged_as"),
    [
        (NoResponse("GetItem: TimeoutError"), "GetItem: TimeoutError"),
        (AwsError({"Error": {"Code": "ThrottlingException", "Message": NUMBER}}), "ThrottlingException (0)"),
        (AwsError({"Error": {"Code": f"Bad {NUMBER}"}}), "error (0)"),
        (RuntimeError(NUMBER), None),
    ],
)
def test_a_failure_is_logged_with_its_aws_code_and_without_its_message(failed, logged_as):
    with pytest.raises((Unavailable, type(failed))) as raised, aws_errors.storage():
        raise failed
    logged = failures.failure(raised.value)
    assert logged.get("aws") == logged_as
    assert NUMBER not in str(logged)


LOADED = """
import gc, sys
sys.path[:0] = [{folder!r}]
import check_numbers.handler as handler
from dnc.problems import Unavailable
class Table:
    def call(self, operation, body):
        return {{}}
    def get_item(self, TableName, Key, **_):
        if "record" in Key:
            return {{"Item": {{"account_id": {{"S": "acme"}}, "name": {{"S": "A"}}, "default_region": {{"S": "US"}},
                     "created_at": {{"S": ""}}, "changed_at": {{"S": ""}}}}}}
        return {{}}
assert gc.isenabled() and gc.get_freeze_count() > 1000
handler.clients.dynamodb = Table
handler.accounts._client = Table()
response = handler.lambda_handler({{"account_id": "acme", "numbers": ["(415) 555-0100"]}}, None)
assert response["results"][0]["callable"] is True, response
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def test_a_check_of_a_plain_number_loads_only_pythons_own_library():
    environment = {"NUMBERS_TABLE": "n", "ACCOUNTS_TABLE": "a", "AWS_REGION": "us-east-1"}
    script = LOADED.format(folder=str(ROOT / "functions"))
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    heavy = {"aws_lambda_powertools", "boto3", "botocore", "phonenumbers", "pydantic"}
    costly = {"concurrent", "dataclasses", "email", "http", "inspect", "random", "secrets", "ssl", "typing", "urllib"}
    assert not loaded & (heavy | costly)
