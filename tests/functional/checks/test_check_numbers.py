"""The check, direct and over HTTP: callable only when it was read to be so."""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from dnc import times
from dnc.accounts.profiles import Profiles
from dnc.aws import clients
from dnc.aws import errors as aws_errors
from dnc.aws.errors import AwsError, NoResponse
from dnc.checks import check as checking
from dnc.entries.store import Numbers

NUMBER, NEIGHBOR = "+14155550100", "+14155550101"


def over_http(gateway, numbers, role="dialer", **more):
    return gateway.call(role, "POST", "/accounts/acme/checks", {"numbers": numbers, **more})


def test_both_ways_answer_the_same_in_order_with_duplicates(gateway):
    entry = gateway.add(NUMBER, source="sms")
    asked = ["(415) 555-0100", NEIGHBOR, "415.555.0100", "12", NUMBER, "1-800-FLOWERS", "+442079460958", NEIGHBOR]
    direct, http = gateway.check(asked), over_http(gateway, asked).body
    direct.pop("checked_at"), http.pop("checked_at")
    assert direct == http
    assert [r["input"] for r in direct["results"]] == asked
    statuses = ["listed", "clear", "listed", "invalid", "listed", "invalid", "clear", "clear"]
    assert [r["status"] for r in direct["results"]] == statuses
    assert direct["blocked"] == 5
    assert direct["results"][0]["listed_at"] == entry["listed_at"]
    assert direct["results"][0]["source"] == "sms"
    assert direct["results"][3] == {
        "input": "12",
        "number": None,
        "callable": False,
        "status": "invalid",
        "detail": "too short for US",
    }


def test_a_region_is_for_national_forms(gateway):
    gateway.add("+442079460958")
    assert gateway.check(["020 7946 0958"], region="GB")["blocked"] == 1
    assert gateway.check(["020 7946 0958"])["results"][0]["status"] == "invalid"


def test_a_number_that_is_not_valid_is_not_callable_unless_listed_and_then_neither(gateway):
    not_in_use = "+15555550100"
    assert gateway.check([not_in_use])["results"][0]["status"] == "invalid"
    gateway.add(not_in_use)
    assert gateway.check([not_in_use])["results"][0]["status"] == "listed"


def test_1000_numbers(gateway):
    for i in range(5):
        gateway.add(f"+14155550{100 + i}")
    told = gateway.check([f"+14155550{100 + i % 100}" for i in range(1000)])
    assert len(told["results"]) == 1000
    assert told["blocked"] == 50
    assert over_http(gateway, [NUMBER] * 1001).code == "too_large"
    assert over_http(gateway, []).fields == ["numbers"]


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "acme",
        {},
        {"account_id": "acme"},
        {"account_id": "acme", "numbers": []},
        {"account_id": "acme", "numbers": NUMBER},
        {"account_id": "acme", "numbers": [4155550100]},
        {"account_id": "acme", "numbers": [None]},
        {"account_id": "acme", "numbers": [NUMBER] * 1001},
        {"account_id": "acme", "numbers": [NUMBER], "region": "XX"},
        {"account_id": "acme", "numbers": [NUMBER], "regoin": "US"},
        {"account_id": 7, "numbers": [NUMBER]},
        {"account_id": "", "numbers": [NUMBER]},
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_direct_check_of_another_form_raises(gateway, payload):
    handler = gateway.modules["check_numbers.handler"]
    with pytest.raises(handler.InvalidRequest) as raised:
        handler.lambda_handler(payload, None)
    assert type(raised.value).__name__ == "InvalidRequest"
    assert NUMBER not in str(raised.value)


def test_an_account_that_is_not_there_or_suspended_raises(gateway, dynamodb):
    handler = gateway.modules["check_numbers.handler"]
    for account in ("acmee", "ACME", "#platform", "../acme"):
        with pytest.raises(handler.AccountNotFound):
            gateway.check([NUMBER], account)
    assert gateway.call("operator", "PUT", "/accounts/globex", {"suspended": True}).status == 200
    with pytest.raises(handler.AccountSuspended):
        gateway.check([NUMBER], "globex")
    assert gateway.call("operator", "POST", "/accounts/globex/checks", {"numbers": [NUMBER]}).code == "forbidden"
    assert gateway.call("operator", "POST", "/accounts/globex/numbers", {"number": NUMBER}).status == 201
    gateway.call("operator", "PUT", "/accounts/globex", {"suspended": False})
    assert gateway.check([NUMBER], "globex")["blocked"] == 1


def test_that_an_account_exists_is_remembered_for_30_seconds_and_not_longer(gateway, dynamodb, monkeypatch):
    handler = gateway.modules["check_numbers.handler"]
    clock = [1000.0]
    monkeypatch.setattr("dnc.accounts.profiles.time.monotonic", lambda: clock[0])
    gateway.check([NUMBER])
    gateway.call("operator", "PUT", "/accounts/acme", {"suspended": True})
    clock[0] += 29.9
    gateway.check([NUMBER])
    clock[0] += 0.2
    with pytest.raises(handler.AccountSuspended):
        gateway.check([NUMBER])


def test_that_an_account_does_not_exist_is_never_remembered(gateway):
    with pytest.raises(gateway.modules["check_numbers.handler"].AccountNotFound):
        gateway.check([NUMBER], "newcomer")
    gateway.call("operator", "PUT", "/accounts/newcomer", {"name": "New", "default_region": "US"})
    assert gateway.check([NUMBER], "newcomer")["results"][0]["callable"]


class Broken:
    """A client whose reads of one table fail."""

    def __init__(self, client, table, failure):
        self._client, self._table, self._failure = client, table, failure

    def __getattr__(self, name):
        call = getattr(self._client, name)

        def wrapped(**arguments):
            if self._table in (arguments.get("TableName"), *arguments.get("RequestItems", {})):
                raise self._failure
            return call(**arguments)

        return wrapped


def response(code, status=400):
    return {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}


def error(code, status=400):
    return ClientError(response(code, status), "GetItem")


def break_storage(gateway, monkeypatch, broken):
    monkeypatch.setattr(clients, "dynamodb", lambda: broken)
    for name in ("check_numbers.handler", "check_numbers.api"):
        monkeypatch.setattr(gateway.modules[name], "accounts", Profiles(broken, "accounts"))


@pytest.mark.parametrize("table", ["numbers", "accounts"])
@pytest.mark.parametrize("asked", [[NUMBER], [NUMBER, NEIGHBOR]], ids=["one", "two"])
@pytest.mark.parametrize(
    "failure",
    [
        error("ProvisionedThroughputExceededException"),
        error("ThrottlingException"),
        error("InternalServerError", 500),
        error("ServiceUnavailable", 503),
        ReadTimeoutError(endpoint_url="https://dynamodb"),
        ConnectTimeoutError(endpoint_url="https://dynamodb"),
        EndpointConnectionError(endpoint_url="https://dynamodb"),
        AwsError(response("ProvisionedThroughputExceededException")),
        AwsError(response("InternalServerError", 500)),
        NoResponse("GetItem: TimeoutError"),
    ],
    ids=lambda failure: f"{type(failure).__name__} {aws_errors.error_code(failure)}",
)
def test_storage_that_fails_is_unavailable_and_never_clear(gateway, dynamodb, monkeypatch, table, asked, failure):
    break_storage(gateway, monkeypatch, Broken(dynamodb, table, failure))
    with pytest.raises(gateway.modules["check_numbers.handler"].Unavailable):
        gateway.check(asked)
    assert over_http(gateway, asked).code == "unavailable"


def test_a_failure_that_nobody_foresaw_raises_or_is_500_and_tells_nothing(gateway, dynamodb, monkeypatch, capsys):
    break_storage(gateway, monkeypatch, Broken(dynamodb, "numbers", error(f"Denied {NUMBER}")))
    with pytest.raises(Exception) as raised:
        gateway.check([NUMBER])
    assert "Denied" not in str(raised.value)
    reply = over_http(gateway, [NUMBER])
    assert (reply.status, reply.code) == (500, "internal_error")
    assert "Denied" not in str(reply)
    assert NUMBER not in capsys.readouterr().out


def test_unprocessed_keys_are_asked_again_until_all_are_read(dynamodb):
    asked = []

    class Slow:
        def batch_get_item(self, RequestItems):
            asked.append(len(RequestItems["numbers"]["Keys"]))
            one, *rest = RequestItems["numbers"]["Keys"]
            left = {"numbers": RequestItems["numbers"] | {"Keys": rest}} if rest else {}
            return {"Responses": {"numbers": [one]}, "UnprocessedKeys": left}

    found = Numbers(Slow(), "numbers", "acme").statuses([f"+14155550{100 + i}" for i in range(5)])
    assert len(found) == 5
    assert asked == [5, 4, 3, 2, 1]


def test_keys_that_are_never_read_make_the_check_fail_as_a_whole(dynamodb):
    from dnc.problems import Unavailable

    class Stuck:
        def batch_get_item(self, RequestItems):
            return {"Responses": {"numbers": []}, "UnprocessedKeys": RequestItems}

    with pytest.raises(Unavailable):
        Numbers(Stuck(), "numbers", "acme", patience=0.05).statuses([NUMBER, NEIGHBOR])


READ = {"number": {"S": NUMBER}}
OTHER = {"number": {"S": "+14155550199"}}
ALL = {"Keys": [{"account_id": {"S": "acme"}, **READ}]}
ODD = {
    "nothing": {},
    "no rows": {"UnprocessedKeys": {}},
    "rows of no table": {"Responses": {}, "UnprocessedKeys": {}},
    "rows of another table": {"Responses": {"accounts": []}, "UnprocessedKeys": {}},
    "rows that are none": {"Responses": {"numbers": None}, "UnprocessedKeys": {}},
    "not said what was not read": {"Responses": {"numbers": []}},
    "another table was not read": {"Responses": {"numbers": []}, "UnprocessedKeys": {"accounts": ALL}},
    "a row without its number": {"Responses": {"numbers": [{"status": {"S": "listed"}}]}, "UnprocessedKeys": {}},
    "another number's row": {"Responses": {"numbers": [OTHER]}, "UnprocessedKeys": {}},
    "a row twice": {"Responses": {"numbers": [READ, READ]}, "UnprocessedKeys": {}},
    "read and not read": {"Responses": {"numbers": [READ]}, "UnprocessedKeys": {"numbers": ALL}},
    "not asked for and not read": {"Responses": {"numbers": []}, "UnprocessedKeys": {"numbers": {"Keys": [OTHER]}}},
    "a list": [],
    "null": None,
}


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD.keys())
def test_an_odd_answer_is_a_failure_and_never_clear(dynamodb, answer):
    from dnc.problems import Unavailable

    class Odd:
        def batch_get_item(self, **_):
            return answer

        def call_all(self, _, asked):
            return [answer for _ in asked]

    class Old:
        batch_get_item = Odd.batch_get_item

    for client in (Odd(), Old()):
        with pytest.raises(Unavailable):
            Numbers(client, "numbers", "acme", patience=0.05).statuses([NUMBER, NEIGHBOR])


@pytest.mark.parametrize(
    "answer",
    [{"Item": OTHER}, {"Item": {"status": {"S": "removed"}}}, {"Item": {}}, {"Items": []}, {"message": "busy"}],
    ids=["another's", "no number", "empty", "another operation's", "a message"],
)
def test_an_answer_that_is_neither_the_row_nor_none_is_a_failure(dynamodb, answer):
    from dnc.problems import Unavailable

    class Odd:
        def get_item(self, **_):
            return answer

    with pytest.raises(Unavailable):
        Numbers(Odd(), "numbers", "acme").statuses([NUMBER])


def test_keys_that_were_not_read_are_asked_again_side_by_side_until_all_are_read(dynamodb):
    asked = []

    class Slow:
        def call_all(self, operation, several):
            assert operation == "BatchGetItem"
            several = [json.loads(one) for one in several]
            asked.append([len(one["RequestItems"]["numbers"]["Keys"]) for one in several])
            return [self._half(one["RequestItems"]["numbers"]) for one in several]

        def _half(self, wanted):
            half = len(wanted["Keys"]) // 2
            read = [{"number": key["number"]} for key in wanted["Keys"][half:]]
            left = {"numbers": {**wanted, "Keys": wanted["Keys"][:half]}} if half else {}
            return {"Responses": {"numbers": read}, "UnprocessedKeys": left}

    numbers = [f"+1415555{n:04}" for n in range(250)]
    assert list(Numbers(Slow(), "numbers", "acme").statuses(numbers * 2)) != []
    assert asked == [[100, 100, 50], [100, 25], [62], [31], [15], [7], [3], [1]]


def test_a_read_is_written_as_boto3s_arguments_are(dynamodb):
    from dnc.entries import statuses

    table = 'odd "table" \\ name'
    reader = Numbers(dynamodb, table, "acme")
    for batch in ([NUMBER, NEIGHBOR], ["+442079460958"] * 3, [f"+{n}" for n in range(10, 110)]):
        assert json.loads(reader._written("BatchGetItem", batch)) == statuses._asked(table, "acme", batch)
        assert json.loads(reader._written("GetItem", batch[:1])) == statuses._asked_one(table, "acme", batch[0])
    for bad in ('+1415"', "+1415x", "", "+١٢٣", "+1415 "):
        with pytest.raises(ValueError, match=r"E\.164"):
            reader._written("GetItem", [bad])


def test_a_number_that_was_not_read_is_never_clear(monkeypatch):
    monkeypatch.setattr(checking.phone, "look_many", lambda written, _region: ([None for _ in written], {}))
    profile = SimpleNamespace(account_id="acme", default_region="US")
    numbers = SimpleNamespace(statuses=lambda _numbers: {})
    with pytest.raises(AssertionError):
        checking.check(numbers, profile, ["+14155550100"], None, times.now())
