"""Faults of servers and networks: the client has the same outcome as boto3, or a better one that is named here."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from dnc.aws import wire
from dnc.aws.credentials import Credentials
from dnc.aws.dynamodb import DynamoDB
from dnc.aws.errors import EXPIRED, SKEWED, AwsError, NoResponse, storage
from dnc.problems import Unavailable
from tests.support import fault_server as faults
from tests.support.fault_server import FaultServer, close, error, http, ok, ok_then_close, raw, reset, stall, trickle

KEY = {"account_id": {"S": "acme"}, "number": {"S": "+14155550100"}}
GET = {"TableName": "numbers", "Key": KEY, "ConsistentRead": True}
ROW = {"Item": {**KEY, "status": {"S": "listed"}}}
KEYS = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "secret"}
THROTTLED = "ProvisionedThroughputExceededException"


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """The pauses between attempts, in seconds. They are recorded instead of slept."""
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    yield pauses
    while clients:
        clients.pop().close()


clients = []


def ours(url, **more):
    more = {"connect_seconds": 1.0, "response_seconds": 1.0} | more
    clients.append(DynamoDB(url, "us-east-1", Credentials(KEYS), **more))
    return clients[-1]


def boto3s(url, seconds=1.0):
    retries = {"mode": "standard", "total_max_attempts": 4}
    client = boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="AK",
        aws_secret_access_key="secret",
        config=Config(connect_timeout=1, read_timeout=seconds, retries=retries),
    )
    clients.append(client)
    return client


def outcome(call, *arguments, **request):
    """Return the outcome of a call in one form for both clients."""
    try:
        response = call(*arguments, **request)
    except (ClientError, AwsError) as failed:
        rest = {k: v for k, v in failed.response.items() if k not in ("Error", "ResponseMetadata", "message")}
        return ("error", failed.response["Error"]["Code"], failed.response["ResponseMetadata"]["HTTPStatusCode"], rest)
    except (BotoCoreError, NoResponse):
        return ("no response",)
    return ("response", {name: value for name, value in response.items() if name != "ResponseMetadata"})


def truncated(status=200):
    whole = http(status, json.dumps(ROW).encode())
    return raw(whole[:-10])


SAME = {
    "a response": [ok(ROW)],
    "no row": [ok({})],
    "throttled once": [error(THROTTLED), ok(ROW)],
    "throttled throughout": [error(THROTTLED)] * 4,
    "throttled three times": [error("ThrottlingException")] * 3 + [ok(ROW)],
    "request limit": [error("RequestLimitExceeded"), ok(ROW)],
    "500 once": [error("InternalServerError", 500), ok(ROW)],
    "500 throughout": [error("InternalServerError", 500)] * 4,
    "503 without a body": [raw(http(503, b""), keep=True), ok(ROW)],
    "502 of a proxy": [raw(http(502, b"<html>bad gateway</html>"), keep=True), ok(ROW)],
    "503 throughout": [error("ServiceUnavailable", 503)] * 4,
    "closed before the response": [close, ok(ROW)],
    "closed throughout": [close] * 8,
    "reset before the response": [reset, ok(ROW)],
    "cut off": [truncated(), ok(ROW)],
    "another checksum": [ok(ROW, crc=1), ok(ROW)],
    "slow once": [stall, ok(ROW)],
    "a missing table": [error("ResourceNotFoundException")],
    "a condition that failed": [error("ConditionalCheckFailedException", Item=ROW["Item"])],
    "denied": [error("AccessDeniedException")],
    "invalid": [error("ValidationException")],
    "expired credentials": [error("ExpiredTokenException")],
    "unknown credentials": [error("UnrecognizedClientException")],
}


@pytest.mark.parametrize("script", SAME.values(), ids=SAME.keys())
def test_a_fault_has_the_same_outcome_as_with_boto3(script):
    outcomes, requests = [], []
    for make in (boto3s, ours):
        with FaultServer(list(script)) as server:
            outcomes.append(outcome(make(server.url).get_item, **GET))
            requests.append(len(server.received))
    assert outcomes[0] == outcomes[1]
    assert requests[0] == requests[1]


@pytest.mark.parametrize("script", [[stall] * 4], ids=["slow throughout"])
def test_a_server_that_never_responds_is_tried_as_often_as_by_boto3(script):
    for make in (lambda url: boto3s(url, 0.1), lambda url: ours(url, response_seconds=0.1)):
        with FaultServer(list(script)) as server:
            assert outcome(make(server.url).get_item, **GET) == ("no response",)
            assert len(server.received) == 4


STRICTER = {
    "garbage": raw(http(200, b"\xff\xfe not json"), keep=True),
    "half of the JSON": raw(http(200, b'{"Item": {"status": '), keep=True),
    "an empty body": raw(http(200, b""), keep=True),
    "no object": raw(http(200, b"null"), keep=True),
    "a list": raw(http(200, b"[]"), keep=True),
    "another checksum": ok(ROW, crc=1),
    "no length": raw(b"HTTP/1.1 200 OK\r\n\r\n{}"),
    "two lengths": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n{}"),
    "a negative length": raw(b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}"),
    "a huge length": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{}"),
    "longer than it says": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{}"),
    "not HTTP": raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "endless headers": raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000),
    "cut off in its headers": raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "a chunk without a size": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
    "a chunk longer than it says": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("act", STRICTER.values(), ids=STRICTER.keys())
def test_an_incomplete_response_is_retried_and_never_returned(act):
    with FaultServer([act, ok(ROW)]) as server:
        assert ours(server.url).get_item(**GET) == ROW
    with FaultServer(after=act) as server:
        with pytest.raises(NoResponse):
            ours(server.url).get_item(**GET)
        assert len(server.received) == 4


def test_a_trickling_response_times_out():
    with FaultServer(after=trickle) as server:
        begun = time.monotonic()
        with pytest.raises(NoResponse):
            ours(server.url, response_seconds=0.2).get_item(**GET)
        assert time.monotonic() - begun < 4


def test_a_refused_connection_is_no_response():
    with FaultServer() as server:
        url = server.url
    for make in (boto3s, ours):
        assert outcome(make(url).get_item, **GET) == ("no response",)


def test_a_connection_is_reused_and_one_closed_while_idle_costs_no_attempt(pauses):
    with FaultServer([ok(ROW), ok(ROW), ok_then_close(ROW), ok(ROW)]) as server:
        client = ours(server.url, attempts=1)
        for _ in range(3):
            assert client.get_item(**GET) == ROW
        assert server.connections == 1
        _until(lambda: client._endpoint.connections._idle[0]._socket.recv(1, 0x42) == b"")  # peek, without waiting
        assert client.get_item(**GET) == ROW
        assert server.connections == 2
    assert pauses == []


def test_a_reused_connection_that_closes_after_the_request_is_retried_once(pauses):
    with FaultServer([ok(ROW), close, ok(ROW)]) as server:
        client = ours(server.url, attempts=1)
        assert [client.get_item(**GET), client.get_item(**GET)] == [ROW, ROW]
        assert len(server.received) == 3
    with FaultServer([ok(ROW), close, close]) as server:
        client = ours(server.url, attempts=1)
        client.get_item(**GET)
        with pytest.raises(NoResponse):
            client.get_item(**GET)
        assert len(server.received) == 3
    assert pauses == []


def test_a_late_response_is_never_used_for_another_request():
    late = threading.Event()

    def tardy(connection, _):
        late.wait(5)
        connection.sendall(http(200, b"{}"))  # "no such row", for a request that has timed out
        return True

    with FaultServer([ok(ROW), tardy, ok(ROW), ok(ROW)]) as server:
        client = ours(server.url, response_seconds=0.2)
        client.get_item(**GET)
        assert client.get_item(**GET) == ROW
        late.set()
        assert client.get_item(**GET) == ROW


def test_connection_close_is_obeyed():
    with FaultServer(after=raw(http(200, b"{}", more="Connection: close\r\n"))) as server:
        client = ours(server.url, attempts=1)
        assert [client.get_item(**GET) for _ in range(3)] == [{}] * 3
        assert server.connections == 3


def test_chunks_are_joined():
    body = json.dumps(ROW).encode()
    chunks = b"".join(f"{len(part):x};x=y\r\n".encode() + part + b"\r\n" for part in (body[:7], body[7:30], body[30:]))
    whole = chunks + b"0\r\nX-Trailer: 1\r\n\r\n"
    script = [
        raw(
            f"HTTP/1.1 200 OK\r\nx-amzn-RequestId: {n}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + whole,
            keep=True,
        )
        for n in range(2)
    ]
    with FaultServer(script) as server:
        client = ours(server.url, attempts=1)
        assert [client.get_item(**GET), client.get_item(**GET)] == [ROW, ROW]
        assert server.connections == 1


def test_pauses_double_from_a_base_and_are_random_and_capped(pauses):
    for code, base in (("InternalServerError", 0.025), (THROTTLED, 0.1)):
        pauses.clear()
        with FaultServer(after=error(code, 500 if base < 0.1 else 400)) as server:
            for _ in range(30):
                with pytest.raises(AwsError):
                    ours(server.url, attempts=7).get_item(**GET)
        spans = [min(1.0, base * 2**attempt) for attempt in range(6)]
        for attempt, span in enumerate(spans):
            of_attempt = pauses[attempt::6]
            assert len(of_attempt) == 30
            assert max(of_attempt) <= span
            assert max(of_attempt) > span * 0.6 > min(of_attempt)


def test_clock_skew_is_corrected_once_unlike_in_boto3(pauses):
    theirs = datetime.now(UTC) + timedelta(hours=3)
    skewed = error("InvalidSignatureException", more=faults.date(theirs))
    with FaultServer([skewed, ok(ROW), ok(ROW)]) as server:
        client = ours(server.url, attempts=1)
        assert [client.get_item(**GET), client.get_item(**GET)] == [ROW, ROW]
        stamps = [datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%S%z") for request in server.received]
        assert abs(stamps[0] - datetime.now(UTC)) < timedelta(minutes=1)
        assert abs(stamps[1] - theirs) < timedelta(minutes=1)
        assert abs(stamps[2] - theirs) < timedelta(minutes=1)
    with FaultServer(after=skewed) as server:
        with pytest.raises(AwsError, match="InvalidSignatureException"):
            ours(server.url).get_item(**GET)
        assert len(server.received) == 2
    with FaultServer(after=error("InvalidSignatureException", more=faults.date(datetime.now(UTC)))) as server:
        with pytest.raises(AwsError, match="InvalidSignatureException"):
            ours(server.url).get_item(**GET)  # the secret is wrong, not the clock
        assert len(server.received) == 1
    assert pauses == []


def test_an_error_names_its_code_and_no_data():
    talkative = FaultServer(after=error("ValidationException", Number="+14155550100"))
    with talkative as server, pytest.raises(AwsError) as raised:
        ours(server.url).get_item(**GET)
    assert (str(raised.value), raised.value.code, raised.value.status) == (
        "ValidationException (400)",
        "ValidationException",
        400,
    )
    with FaultServer(after=close) as server, pytest.raises(NoResponse) as silent:
        ours(server.url).get_item(**GET)
    assert "GetItem" in str(silent.value)
    assert "4155550100" not in str(silent.value)


def test_binary_values_are_base64_in_both_directions():
    row = {"Item": {"photo": {"B": "eA=="}, "photos": {"BS": ["eA==", "eQ=="]}}}
    with FaultServer(after=ok(row)) as server:
        client = ours(server.url)
        assert client.get_item(**GET) == row
        client.put_item(TableName="numbers", Item=wire.to_wire(wire.from_wire(row["Item"])))
        sent = server.received[1].json["Item"]
    assert sent["photo"] == {"B": "eA=="}
    assert sorted(sent["photos"]["BS"]) == ["eA==", "eQ=="]
    with pytest.raises(TypeError, match="typed form"):
        ours("http://127.0.0.1:1").put_item(TableName="numbers", Item={"photo": {"B": b"x"}})


def test_parallel_calls_are_all_sent_before_any_response():
    together = threading.Barrier(10, timeout=5)

    def wait_for_all(connection, request):
        together.wait()
        return ok({"Responses": {"t": [{"n": {"N": str(request.json["n"])}}]}})(connection, request)

    with FaultServer(after=wait_for_all) as server:
        client = ours(server.url, response_seconds=5)
        responses = client.call_all("BatchGetItem", [{"n": n} for n in range(20)])
        assert [response["Responses"]["t"][0]["n"]["N"] for response in responses] == [str(n) for n in range(20)]
        assert server.connections == 10


@pytest.mark.parametrize("act", [error(THROTTLED), close, truncated(), stall, error("InternalServerError", 500)])
def test_only_the_failed_one_of_several_calls_is_retried(act):
    def echo(connection, request):
        return ok({"n": request.json["n"]})(connection, request)

    failed = []

    def once(connection, request):
        if request.json["n"] == 3 and not failed:
            failed.append(1)
            return act(connection, request)
        return echo(connection, request)

    with FaultServer(after=once) as server:
        responses = ours(server.url, response_seconds=0.3).call_all("BatchGetItem", [{"n": n} for n in range(8)])
        assert responses == [{"n": n} for n in range(8)]
        assert len(server.received) == 9


def test_if_one_of_several_calls_fails_all_fail_and_no_response_is_left_over():
    def echo(connection, request):
        if request.json["n"] == 1:
            return error("ValidationException")(connection, request)
        return ok({"n": request.json["n"]})(connection, request)

    with FaultServer(after=echo) as server:
        client = ours(server.url)
        for n in (10, 20, 30):
            with pytest.raises(AwsError, match="ValidationException"):
                client.call_all("BatchGetItem", [{"n": 0}, {"n": 1}, {"n": 2}, {"n": 3}])
            assert client.call("GetItem", {"n": n}) == {"n": n}


def test_connections_that_were_all_closed_while_idle_are_each_reopened():
    acts = [ok_then_close(ROW)] * 3
    with FaultServer(acts, after=ok(ROW)) as server:
        client = ours(server.url, attempts=1)
        for _ in range(3):
            assert client.call_all("GetItem", [GET] * 3) == [ROW] * 3
        assert server.connections == 6


def test_threads_share_a_client():
    def echo(connection, request):
        return ok({"n": request.json["n"]})(connection, request)

    with FaultServer(after=echo) as server:
        client, wrong = ours(server.url), []

        def work(first):
            wrong.extend(n for n in range(first, first + 50) if client.call("GetItem", {"n": n}) != {"n": n})

        threads = [threading.Thread(target=work, args=(n * 100,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert len(server.received) == 400
        assert server.connections <= 8


@pytest.mark.parametrize(
    "operation",
    ["batch_get_item", "query", "update_item", "delete_item", "batch_write_item", "batch_execute_statement"],
)
def test_each_operation_is_sent_as_boto3_sends_it(operation):
    key = {"account_id": {"S": "acme"}}
    request = {
        "batch_get_item": {"RequestItems": {"numbers": {"Keys": [key]}}},
        "query": {"TableName": "numbers"},
        "update_item": {"TableName": "numbers", "Key": key},
        "delete_item": {"TableName": "numbers", "Key": key},
        "batch_write_item": {"RequestItems": {"numbers": [{"PutRequest": {"Item": key}}]}},
        "batch_execute_statement": {"Statements": [{"Statement": "SELECT 1"}]},
    }[operation]
    with FaultServer() as server:
        for client in (boto3s(server.url), ours(server.url)):
            getattr(client, operation)(**request)
        theirs, mine = server.received
    assert mine.headers["x-amz-target"] == theirs.headers["x-amz-target"]
    assert mine.headers["content-type"] == theirs.headers["content-type"]
    assert mine.json == theirs.json


def test_a_write_that_meets_a_transaction_is_repeated_unlike_in_boto3():
    put = {"TableName": "numbers", "Item": KEY}
    with FaultServer([error("TransactionConflictException")] * 3) as server:
        assert ours(server.url).put_item(**put) == {}
        assert len(server.received) == 4
    with FaultServer(after=error("TransactionConflictException")) as server, pytest.raises(Unavailable), storage():
        ours(server.url).put_item(**put)


@pytest.mark.parametrize("code", sorted(EXPIRED | SKEWED))
def test_a_signature_that_stays_out_of_date_is_worth_another_try_by_the_caller(code):
    ahead = datetime.now(UTC) + timedelta(hours=1)
    with FaultServer(after=error(code, more=faults.date(ahead))) as server:
        with pytest.raises(Unavailable, match="signature"), storage():
            ours(server.url).get_item(**GET)
        assert len(server.received) <= 2


def test_retries_of_a_transaction_carry_the_same_token():
    puts = [{"Put": {"TableName": "numbers", "Item": KEY}}]
    with FaultServer([error("InternalServerError", 500), close]) as server:
        client = ours(server.url)
        client.transact_write_items(TransactItems=puts)
        client.transact_write_items(TransactItems=puts)
        tokens = [request.json["ClientRequestToken"] for request in server.received]
    assert len(tokens) == 4
    assert len(set(tokens[:3])) == 1
    assert tokens[3] != tokens[0]


@pytest.mark.parametrize(
    "endpoint", ["localhost:8000", "ftp://localhost", "https://", "http://localhost/path", "http://localhost:x", ""]
)
def test_a_malformed_endpoint_is_refused(endpoint):
    with pytest.raises(ValueError, match="endpoint"):
        ours(endpoint)


@pytest.mark.parametrize(
    ("environment", "host"),
    [
        ({"AWS_REGION": "us-east-1"}, "dynamodb.us-east-1.amazonaws.com"),
        ({"AWS_DEFAULT_REGION": "cn-north-1"}, "dynamodb.cn-north-1.amazonaws.com.cn"),
        ({"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "127.0.0.1:4566"),
        (
            {
                "AWS_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
                "AWS_ENDPOINT_URL_DYNAMODB": "http://[::1]:2",
            },
            "[::1]:2",
        ),
    ],
)
def test_the_endpoint_is_the_one_that_boto3_would_call(environment, host, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert DynamoDB.from_env(environment)._endpoint.signer._host == host
    session = boto3.session.Session(region_name=environment.get("AWS_REGION") or environment["AWS_DEFAULT_REGION"])
    assert session.client("dynamodb").meta.endpoint_url.partition("://")[2] == host


def test_a_missing_region_is_named():
    with pytest.raises(KeyError, match="AWS_REGION"):
        DynamoDB.from_env({})


def _until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
