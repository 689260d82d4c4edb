"""Checks, direct and over HTTP: a number is callable only if it was read and is not listed."""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from dnc import times
from dnc.accounts.profiles import Profiles
from dnc.aws import clients
from dnc.aws import errors as aws_errors
from dnc.aws.errors import AwsError, NoResponse
from dnc.checks import check
from dnc.entries import status_reader
from dnc.entries.status_reader import StatusReader
from dnc.problems import Unavailable

NUMBER, NEIGHBOR = "+14155550100", "+14155550101"


def over_http(gateway, numbers, role="dialer", **more):
    return gateway.call(role, "POST", "/accounts/acme/checks", {"numbers": numbers, **more})


def test_both_paths_return_the_same_results_in_order_with_duplicates(gateway):
    entry = gateway.add(NUMBER, source="sms")
    written = ["(415) 555-0100", NEIGHBOR, "415.555.0100", "12", NUMBER, "1-800-FLOWERS", "+442079460958", NEIGHBOR]
    direct, http = gateway.check(written), over_http(gateway, written).body
    direct.pop("checked_at"), http.pop("checked_at")
    assert direct == http
    assert [r["input"] for r in direct["results"]] == written
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


def test_a_number_that_is_sent_twice_and_nothing_else_is_read(gateway):
    gateway.add("+14155550100")
    for numbers in (["+14155550100"] * 2, ["+14155550100", "(415) 555-0100", "4155550100"]):
        assert [result["callable"] for result in gateway.check(numbers)["results"]] == [False] * len(numbers)


def test_a_number_in_a_country_that_requires_prior_consent_is_marked_and_stays_callable(gateway):
    gateway.add("+4930123456")
    french, german, american, nothing = gateway.check(["+33123456789", "+4930123456", NUMBER, "12"])["results"]
    assert (french["callable"], french["consent_needed"]) == (True, True)
    assert (german["callable"], german["consent_needed"]) == (False, True)
    assert "consent_needed" not in american.keys() | nothing.keys()


def test_a_region_applies_to_national_forms(gateway):
    gateway.add("+442079460958")
    assert gateway.check(["020 7946 0958"], region="GB")["blocked"] == 1
    assert gateway.check(["020 7946 0958"])["results"][0]["status"] == "invalid"


def test_a_number_that_is_not_valid_is_never_callable(gateway):
    not_in_use = "+15555550100"
    assert gateway.check([not_in_use])["results"][0]["status"] == "invalid"
    gateway.add(not_in_use)
    assert gateway.check([not_in_use])["results"][0]["status"] == "listed"


def test_1000_numbers(gateway):
    for i in range(5):
        gateway.add(f"+14155550{100 + i}")
    response = gateway.check([f"+14155550{100 + i % 100}" for i in range(1000)])
    assert len(response["results"]) == 1000
    assert response["blocked"] == 50
    assert over_http(gateway, [NUMBER] * 1001).code == "too_large"
    assert over_http(gateway, []).fields == ["numbers"]


@pytest.mark.parametrize(
    ("element", "why"),
    [
        (None, "must be a string or an integer"),
        (True, "must be a string or an integer"),
        (4155550100.5, "must be a string or an integer"),
        ([NUMBER], "must be a string or an integer"),
        ({"number": NUMBER}, "must be a string or an integer"),
        ("415 555 0100 \ud83d", "contains half a surrogate pair, which is not a character"),
        ("\ude00", "contains half a surrogate pair, which is not a character"),
    ],
)
def test_an_element_that_is_not_text_is_invalid_and_the_others_are_checked(gateway, element, why):
    gateway.add(NUMBER)
    sent = [NUMBER, element, NEIGHBOR, element]
    for checked in (gateway.check(sent), over_http(gateway, sent).body):
        results = checked["results"]
        assert [one["status"] for one in results] == ["listed", "invalid", "clear", "invalid"]
        assert checked["blocked"] == 3
        assert results[1].items() >= {"number": None, "callable": False, "detail": why}.items()
        assert isinstance(results[1]["input"], str)
        assert json.dumps(checked, ensure_ascii=False).encode()


def test_an_integer_is_accepted_as_a_number(gateway):
    gateway.add(NUMBER)
    for checked in (gateway.check([4155550100, 14155550101]), over_http(gateway, [4155550100, 14155550101]).body):
        assert [one["status"] for one in checked["results"]] == ["listed", "clear"]
        assert [one["input"] for one in checked["results"]] == ["4155550100", "14155550101"]


@pytest.mark.parametrize("region", ["gb", " GB ", "UK", "GBR", "United Kingdom"])
def test_a_region_is_recognized_by_common_names(gateway, region):
    gateway.add("+442079460958")
    assert gateway.check(["020 7946 0958"], region=region)["blocked"] == 1
    assert over_http(gateway, ["020 7946 0958"], region=region).body["blocked"] == 1


def test_an_empty_region_counts_as_absent(gateway):
    gateway.add(NUMBER)
    assert gateway.check(["415 555 0100"], region="")["blocked"] == 1
    assert over_http(gateway, ["415 555 0100"], region="").body["blocked"] == 1


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
        {"account_id": "acme", "numbers": [NUMBER] * 1001},
        {"account_id": "acme", "numbers": [NUMBER], "region": "XX"},
        {"account_id": "acme", "numbers": [NUMBER], "regoin": "US"},
        {"account_id": 7, "numbers": [NUMBER]},
        {"account_id": "", "numbers": [NUMBER]},
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_direct_check_with_an_invalid_payload_raises(gateway, payload):
    handler = gateway.modules["check_numbers.handler"]
    with pytest.raises(handler.InvalidRequest) as raised:
        handler.lambda_handler(payload, None)
    assert type(raised.value).__name__ == "InvalidRequest"
    assert NUMBER not in str(raised.value)


def test_an_unknown_or_suspended_account_raises(gateway, dynamodb):
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


def test_an_existing_account_is_cached_for_at_most_30_seconds(gateway, dynamodb, monkeypatch):
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


def test_a_missing_account_is_never_cached(gateway):
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

        def wrapped(*arguments, **named):
            request = named or json.loads(arguments[1][0] if name == "call_all" else arguments[1])
            if self._table in (request.get("TableName"), *request.get("RequestItems", {})):
                raise self._failure
            return call(*arguments, **named)

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
@pytest.mark.parametrize("numbers", [[NUMBER], [NUMBER, NEIGHBOR]], ids=["one", "two"])
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
def test_failing_storage_is_unavailable_and_never_clear(gateway, monkeypatch, table, numbers, failure):
    break_storage(gateway, monkeypatch, Broken(clients.dynamodb(), table, failure))
    with pytest.raises(gateway.modules["check_numbers.handler"].Unavailable):
        gateway.check(numbers)
    assert over_http(gateway, numbers).code == "unavailable"


def test_an_unexpected_error_raises_or_is_500_and_reveals_nothing(gateway, monkeypatch, capsys):
    break_storage(gateway, monkeypatch, Broken(clients.dynamodb(), "numbers", error(f"Denied {NUMBER}")))
    with pytest.raises(Exception) as raised:
        gateway.check([NUMBER])
    assert "Denied" not in str(raised.value)
    reply = over_http(gateway, [NUMBER])
    assert (reply.status, reply.code) == (500, "internal_error")
    assert "Denied" not in str(reply)
    assert NUMBER not in capsys.readouterr().out


def numbers_from(count):
    return [f"+1415555{n:04}" for n in range(count)]


class Slow:
    """A client that reads the last half of each batch, and leaves the rest unprocessed."""

    def __init__(self):
        self.batches = []

    def call_all(self, operation, bodies):
        assert operation == "BatchGetItem"
        requests = [json.loads(body)["RequestItems"]["numbers"] for body in bodies]
        self.batches.append([len(request["Keys"]) for request in requests])
        return [self._half(request) for request in requests]

    def _half(self, request):
        half = len(request["Keys"]) // 2
        rows = [{"number": key["number"]} for key in request["Keys"][half:]]
        unprocessed = {"numbers": {**request, "Keys": request["Keys"][:half]}} if half else {}
        return {"Responses": {"numbers": rows}, "UnprocessedKeys": unprocessed}


def test_unprocessed_keys_are_requested_in_parallel_until_all_are_read():
    client = Slow()
    numbers = numbers_from(250)
    assert len(StatusReader(client, "numbers", "acme").statuses(numbers * 2)) == 250
    assert client.batches == [[100, 100, 50], [100, 25], [62], [31], [15], [7], [3], [1]]


def test_the_whole_check_fails_if_some_keys_are_never_read():
    class Stuck:
        def call_all(self, _operation, bodies):
            unprocessed = [json.loads(body)["RequestItems"] for body in bodies]
            return [{"Responses": {"numbers": []}, "UnprocessedKeys": keys} for keys in unprocessed]

    with pytest.raises(Unavailable):
        StatusReader(Stuck(), "numbers", "acme", patience=0.05).statuses([NUMBER, NEIGHBOR])


READ = {"number": {"S": NUMBER}}
OTHER = {"number": {"S": "+14155550199"}}
ALL = {"Keys": [{"account_id": {"S": "acme"}, **READ}]}
INVALID = {
    "empty": {},
    "no rows": {"UnprocessedKeys": {}},
    "no table's rows": {"Responses": {}, "UnprocessedKeys": {}},
    "another table's rows": {"Responses": {"accounts": []}, "UnprocessedKeys": {}},
    "null for rows": {"Responses": {"numbers": None}, "UnprocessedKeys": {}},
    "no unprocessed keys": {"Responses": {"numbers": []}},
    "another table's unprocessed keys": {"Responses": {"numbers": []}, "UnprocessedKeys": {"accounts": ALL}},
    "a row without its number": {"Responses": {"numbers": [{"status": {"S": "listed"}}]}, "UnprocessedKeys": {}},
    "another number's row": {"Responses": {"numbers": [OTHER]}, "UnprocessedKeys": {}},
    "a row twice": {"Responses": {"numbers": [READ, READ]}, "UnprocessedKeys": {}},
    "read and unprocessed": {"Responses": {"numbers": [READ]}, "UnprocessedKeys": {"numbers": ALL}},
    "not requested": {"Responses": {"numbers": []}, "UnprocessedKeys": {"numbers": {"Keys": [OTHER]}}},
    "a list": [],
    "null": None,
}


@pytest.mark.parametrize("response", INVALID.values(), ids=INVALID.keys())
def test_an_invalid_batch_response_is_a_failure_and_never_clear(response):
    client = SimpleNamespace(call_all=lambda _operation, bodies: [response for _ in bodies])
    with pytest.raises(Unavailable, match="invalid response"):  # at once, and not after reading in vain
        StatusReader(client, "numbers", "acme", patience=0.05).statuses([NUMBER, NEIGHBOR])


@pytest.mark.parametrize(
    "response",
    [{"Item": OTHER}, {"Item": {"status": {"S": "removed"}}}, {"Item": {}}, {"Items": []}, {"message": "busy"}],
    ids=["another number's", "no number", "empty row", "another operation's", "a message"],
)
def test_a_response_that_is_neither_the_row_nor_empty_is_a_failure(response):
    client = SimpleNamespace(call=lambda _operation, _body: response)
    with pytest.raises(Unavailable):
        StatusReader(client, "numbers", "acme").statuses([NUMBER])


def test_a_request_is_encoded_as_boto3_would_encode_it():
    table = 'odd "table" \\ name'
    reader = StatusReader(None, table, "acme")
    for batch in ([NUMBER, NEIGHBOR], ["+442079460958"] * 3, [f"+{n}" for n in range(10, 110)]):
        expected = status_reader.batch_request(table, "acme", batch)
        assert json.loads(reader._encoded("BatchGetItem", batch)) == expected
        assert json.loads(reader._encoded("GetItem", batch[:1])) == status_reader.request(table, "acme", batch[0])
    for bad in ('+1415"', "+1415x", "", "+١٢٣", "+1415 "):
        with pytest.raises(ValueError, match=r"E\.164"):
            reader._encoded("GetItem", [bad])


def test_a_text_that_was_not_read_is_a_failure_and_no_shorter_result(monkeypatch):
    monkeypatch.setattr(check.phone, "classify_many", lambda written, _region: ([NUMBER] * (len(written) - 1), {}))
    profile = SimpleNamespace(account_id="acme", default_region="US", prefixes=())
    reader = SimpleNamespace(statuses=lambda _numbers: {})
    with pytest.raises(ValueError, match="shorter"):
        check.check_numbers(reader, profile, [NUMBER, NEIGHBOR], None, times.now())


def test_a_number_that_was_not_read_is_never_clear(monkeypatch):
    monkeypatch.setattr(check.phone, "classify_many", lambda written, _region: ([None for _ in written], {}))
    profile = SimpleNamespace(account_id="acme", default_region="US", prefixes=())
    reader = SimpleNamespace(statuses=lambda _numbers: {})
    with pytest.raises(LookupError):
        check.check_numbers(reader, profile, ["+14155550100"], None, times.now())
