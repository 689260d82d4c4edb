"""Peers that send unrequested bytes, or nothing at all: no response is ever taken for another request's.

Where boto3 has a defense too, it runs against the same server as the baseline. This client promises more.
"""

import contextlib
import json
import random
import threading
import time

import pytest

from dnc.aws import connections, deadline
from dnc.aws.attempts import attempts
from dnc.aws.errors import AwsError, NoResponse
from tests.support.fault_server import FaultServer, error, http, ok, self_signed, stall
from tests.unit.aws.test_faults import GET, KEY, ROW, boto3s, clients, ours

NO_ROW = b"{}"


@pytest.fixture(autouse=True)
def clean_up(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: None)
    yield
    deadline.clear()
    while clients:
        clients.pop().close()


def respond_with_row(connection, request):
    """Respond with a row of the requested number."""
    return ok({"Item": {**request.json["Key"], "status": {"S": "listed"}}})(connection, request)


def get(client, number):
    return client.get_item(TableName="numbers", Key={"account_id": {"S": "acme"}, "number": {"S": number}})


def settle(client):
    """Wait until bytes that the peer sent beyond its response have arrived."""
    [idle] = client._endpoint.connections._idle
    until = time.monotonic() + 5
    while not idle._poll.poll(10):
        assert time.monotonic() < until


def sends(*responses):
    """Send several whole responses to one request."""

    def act(connection, _):
        for response in responses:
            connection.sendall(response)
        return True

    return act


@pytest.mark.parametrize(
    "stray",
    [
        http(200, NO_ROW),
        http(408, b""),
        http(408, b"", request_id=""),
        b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n",
        b"\r\n",
        b"\0",
    ],
    ids=["another response", "late 408", "408 without an id", "408 and close", "a line break", "a byte"],
)
def test_unrequested_bytes_on_an_idle_connection_are_never_read(stray):
    later = threading.Event()

    def respond_and_stray(connection, request):
        ok(ROW)(connection, request)
        later.wait(5)
        connection.sendall(stray)
        return True

    with FaultServer([respond_and_stray], after=respond_with_row) as server:
        client = ours(server.url)
        assert client.get_item(**GET) == ROW
        later.set()
        settle(client)
        assert get(client, "+14155550101")["Item"]["number"] == {"S": "+14155550101"}
        assert server.connections == 2


def test_a_duplicate_response_is_never_used_even_if_it_arrives_after_the_next_request():
    first = http(200, NO_ROW, request_id="A")

    def copy_first(connection, request):
        connection.sendall(first)
        return respond_with_row(connection, request)

    for position in (1, 2, 3):
        script = [sends(first), *[respond_with_row] * (position - 1), copy_first]
        with FaultServer(script, after=respond_with_row) as server:
            client = ours(server.url)
            assert get(client, "+14155550100") == {}
            for digit in range(1, position + 1):
                number = f"+1415555010{digit}"
                assert get(client, number)["Item"]["number"] == {"S": number}
            assert server.connections == 2


def test_a_response_without_a_request_id_is_refused_if_earlier_ones_had_one():
    with FaultServer([respond_with_row, sends(http(200, NO_ROW, request_id=""))], after=respond_with_row) as server:
        client = ours(server.url)
        for _ in range(2):
            assert get(client, "+14155550100")["Item"]
        assert server.connections == 2
    with FaultServer(after=sends(http(200, NO_ROW, request_id=""))) as server:  # a server that sends no ids
        client = ours(server.url)
        assert [get(client, "+14155550100") for _ in range(3)] == [{}] * 3
        assert server.connections == 3  # nothing would tell the next response from a copy of this one


def test_an_informational_response_never_leaves_the_real_one_for_the_next_request():
    held = []

    def continue_first(connection, request):
        connection.sendall(b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n")
        held.append(request)
        return True

    def late(connection, request):
        if request.connection == held[0].connection:
            respond_with_row(connection, held[0])
        return respond_with_row(connection, request)

    with FaultServer([continue_first], after=late) as server:
        client = ours(server.url)
        for number in ("+14155550100", "+14155550101"):
            with contextlib.suppress(NoResponse):
                assert get(client, number)["Item"]["number"] == {"S": number}
        assert server.connections > 1


def test_a_checksum_that_does_not_match_ends_the_connection():
    with FaultServer([ok(ROW, crc=1), ok(ROW)]) as server:
        assert ours(server.url).get_item(**GET) == ROW
        assert server.connections == 2


def test_a_connection_is_replaced_after_many_requests(monkeypatch):
    monkeypatch.setattr(connections, "MAX_RESPONSES", 10)
    with FaultServer(after=respond_with_row) as server:
        client = ours(server.url)
        for _ in range(25):
            get(client, "+14155550100")
        assert server.connections == 3


@pytest.mark.parametrize("seed", range(3))
def test_despite_random_stray_bytes_every_number_gets_its_own_row(seed):
    chance = random.Random(seed)
    sent = {}

    def unruly(connection, request):
        number = request.json["Key"]["number"]["S"]
        body = json.dumps({"Item": {"number": {"S": number}}} if number.endswith("1") else {}).encode()
        response = http(200, body)
        sent.setdefault(request.connection, []).append(response)
        match chance.randrange(8):
            case 0:
                connection.sendall(response * 2)
            case 1:
                connection.sendall(chance.choice(sent[request.connection]))
                connection.sendall(response)
            case 2:
                connection.sendall(response + b"HTTP/1.1 408 X\r\nContent-Length: 0\r\n\r\n")
            case 3:
                connection.sendall(response[: chance.randrange(len(response))])
                return False
            case 4:
                connection.sendall(response)
                connection.sendall(http(200, NO_ROW, request_id=""))
            case _:
                connection.sendall(response)
        return True

    succeeded = 0
    with FaultServer(after=unruly) as server:
        client = ours(server.url, attempts=6)
        for _ in range(500):
            number = f"+1415555010{chance.randrange(10)}"
            try:
                response = get(client, number)
            except NoResponse:
                continue
            succeeded += 1
            assert response == ({"Item": {"number": {"S": number}}} if number.endswith("1") else {})
    assert succeeded > 400


def test_a_connection_that_was_idle_too_long_by_the_wall_clock_is_not_used(monkeypatch):
    clock = [time.time()]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    with FaultServer(after=ok(ROW)) as server:
        client = ours(server.url)
        for idle, opened in ((0, 1), (19, 1), (21, 2), (-5, 3), (1e6, 4)):
            clock[0] += idle
            client.get_item(**GET)
            assert server.connections == opened


def test_idle_connections_that_stall_together_cost_one_timeout():
    silent = threading.Event()

    def respond_or_stall(connection, request):
        if silent.is_set() and request.connection <= 10:
            return stall(connection, request)
        return respond_with_row(connection, request)

    together = threading.Barrier(10, timeout=5)

    def first_round(connection, request):
        together.wait()
        return respond_with_row(connection, request)

    with FaultServer([first_round] * 10, after=respond_or_stall) as server:
        client = ours(server.url, response_seconds=0.5)
        requests = [{"TableName": "numbers", "Key": KEY}] * 10
        client.call_all("GetItem", requests)
        assert server.connections == 10
        silent.set()
        started = time.monotonic()
        assert len(client.call_all("GetItem", requests)) == 10
        assert time.monotonic() - started < 1.5  # not ten times 0.5
        started = time.monotonic()
        assert get(client, "+14155550100")["Item"]
        assert time.monotonic() - started < 0.5


def test_after_a_timeout_no_other_idle_connection_is_tried():
    with FaultServer(after=respond_with_row) as server:
        client = ours(server.url, response_seconds=0.3, attempts=2)
        client.call_all("GetItem", [{"TableName": "numbers", "Key": KEY}] * 4)
        idle = len(client._endpoint.connections._idle)
        assert idle > 1
        server.script = [stall]
        assert get(client, "+14155550100")["Item"]
        assert client._endpoint.connections._idle[0].used
        assert len(client._endpoint.connections._idle) == 1


def test_the_deadline_ends_a_call_in_time_whatever_the_peer_does():
    for act in (stall, lambda *_: False):
        with FaultServer(after=act) as server:
            client = ours(server.url, response_seconds=3, attempts=50)
            deadline.start(0.4)
            started = time.monotonic()
            with pytest.raises(NoResponse):
                client.get_item(**GET)
            assert time.monotonic() - started < 1.0
            deadline.clear()


def test_a_deadline_that_has_passed_ends_every_retry_loop():
    deadline.start(-1)
    assert sum(1 for _ in attempts(20.0)) == 1


def test_a_call_does_not_wait_beyond_the_deadline_for_another_attempt(monkeypatch):
    waits = []
    monkeypatch.setattr("dnc.aws.call.pause", waits.append)
    with FaultServer(after=error("ThrottlingException")) as server:
        deadline.start(0.09)  # less than the wait after a throttled attempt
        with pytest.raises(AwsError, match="ThrottlingException"):
            get(ours(server.url), "+14155550100")
    assert waits == []
    assert len(server.received) == 1


def test_tls_session_tickets_are_not_treated_as_stray_bytes(tmp_path, monkeypatch):
    file, context = self_signed(tmp_path, "127.0.0.1")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(file))
    with FaultServer(after=respond_with_row, tls=context) as server:
        client = ours(server.url)
        client.warm()
        for _ in range(5):
            assert get(client, "+14155550100")["Item"]
        assert server.connections == 1


def test_boto3_drops_a_connection_with_stray_bytes_too():
    """The baseline for this client."""
    sent, send = threading.Event(), sends(http(200, json.dumps(ROW).encode()), http(200, NO_ROW))

    def respond_twice(connection, request):
        send(connection, request)
        sent.set()
        return True

    with FaultServer([respond_twice], after=respond_with_row) as server:
        client = boto3s(server.url)
        client.get_item(**GET)
        assert sent.wait(5)
        assert "Item" in get(client, "+14155550101")
