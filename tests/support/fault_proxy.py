"""A fault server in front of a real DynamoDB: it passes requests on, and spoils the exchange as a script says.

Each fault leaves DynamoDB in a state that AWS documents or a network can cause. `FaultProxy.spoiled` names the faults
that took effect: one that applies only to some operations passes the others on.
"""

import contextlib
import http.client
import json
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.support import fault_server
from tests.support.fault_server import Act, FaultServer, ReceivedRequest

_OWN_HEADERS = {"host", "content-length", "connection"}


class Answer(NamedTuple):
    """DynamoDB's response."""

    status: int
    body: bytes
    request_id: str

    def as_bytes(self, **changes: Any) -> bytes:
        return fault_server.http(self.status, self.body, request_id=self.request_id, **changes)

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


class FaultProxy(FaultServer):
    """`spoil` sets what happens to the next requests; later ones are passed on. `FAULTS` names the faults."""

    def __init__(self, upstream: str, patience: float) -> None:
        """`upstream`: the URL of a DynamoDB. `patience`: the client's timeout in seconds."""
        super().__init__(after=self.pass_on)
        self._patience = patience
        self._address = urlsplit(upstream).netloc
        self._idle: list[http.client.HTTPConnection] = []
        self._late: list[ReceivedRequest] = []
        self._previous = (0, b"")
        self.spoiled: list[str] = []

    def __exit__(self, *exception):
        super().__exit__(*exception)
        for connection in self._idle:
            connection.close()

    def spoil(self, faults: list[str | None]) -> None:
        """Spoil the next requests, each with its fault; None passes a request on."""
        self.script[:] = [self._spoiling(fault) if fault else self.pass_on for fault in faults]
        self.spoiled.clear()
        self.received.clear()

    def settle(self) -> list[str]:
        """Pass on what is still on its way, and every request from now on. Return the faults that took effect."""
        self.script.clear()
        self._deliver_late()
        return list(self.spoiled)

    def pass_on(self, connection, request) -> bool:
        sent = self._answer(request).as_bytes()
        self._previous = (request.connection, sent)
        connection.sendall(sent)
        self._deliver_late()
        return True

    def _spoiling(self, fault: str) -> Act:
        def act(connection, request):
            effect = f"{fault}: {request.operation}"
            self.spoiled.append(effect)  # before the client can see it
            keep = FAULTS[fault](self, connection, request)
            if keep is None:
                self.spoiled.remove(effect)
                return self.pass_on(connection, request)
            return keep

        return act

    def _answer(self, request: ReceivedRequest, body: bytes | None = None) -> Answer:
        with contextlib.suppress(IndexError):
            return self._exchange(self._idle.pop(), request, body)
        return self._exchange(http.client.HTTPConnection(self._address, timeout=30), request, body)

    def _exchange(self, upstream: http.client.HTTPConnection, request: ReceivedRequest, body: bytes | None) -> Answer:
        headers = {name: value for name, value in request.headers.items() if name not in _OWN_HEADERS}
        began = time.monotonic()
        upstream.request("POST", "/", request.body if body is None else body, headers)
        response = upstream.getresponse()
        answer = Answer(response.status, response.read(), response.headers["x-amzn-RequestId"])
        self._idle.append(upstream)
        if time.monotonic() - began > self._patience / 2:
            self.spoiled.append(f"slow: {request.operation}")  # on a busy machine, without a fault
        return answer

    def _deliver_late(self) -> None:
        while self._late:
            self._answer(self._late.pop(0))

    def throttle(self, connection, request):
        return fault_server.error("ProvisionedThroughputExceededException")(connection, request)

    def fail(self, connection, request):
        return fault_server.error("InternalServerError", 500)(connection, request)

    def reset_before(self, connection, request):
        """The request never arrives."""
        return fault_server.reset(connection, request)

    def reset_after(self, connection, request):
        """The request is carried out and its response is lost."""
        self._answer(request)
        return fault_server.reset(connection, request)

    def delay(self, connection, request):
        """The response comes after the client has given up."""
        self._answer(request)
        return fault_server.stall(connection, request)

    def arrive_late(self, connection, request):
        """The request arrives behind the next one that is passed on, when the client has repeated it."""
        self._late.append(request)
        return fault_server.reset(connection, request)

    def truncate(self, connection, request):
        sent = self._answer(request).as_bytes()
        connection.sendall(sent[: len(sent) - 1 - len(sent) // 8])
        return False

    def wrong_checksum(self, connection, request):
        """The body arrives as another one, which reads as "no row"."""
        whole = self._answer(request).body
        connection.sendall(fault_server.http(200, b"{ }", crc=zlib.crc32(whole)))
        return True

    def stop_halfway(self, connection, request):
        """Half of the response comes in time, and the rest never."""
        sent = self._answer(request).as_bytes()
        connection.sendall(sent[: len(sent) // 2])
        return fault_server.stall(connection, request)

    def answer_as_load_balancer(self, connection, request):
        """A load balancer responds with a page of its own."""
        page = b"<html><body>503 Service Unavailable</body></html>"
        head = f"HTTP/1.1 503 X\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {len(page)}\r\n\r\n"
        connection.sendall(head.encode() + page)
        return False

    def expire_credential(self, connection, request):
        return fault_server.error("ExpiredTokenException")(connection, request)

    def skew_clock(self, connection, request):
        """The signature's time is refused: AWS's clock is an hour ahead."""
        ahead = datetime.now(UTC) + timedelta(hours=1)
        skewed = fault_server.error("InvalidSignatureException", more=fault_server.date(ahead))
        return skewed(connection, request)

    def send_twice(self, connection, request):
        """The response comes again before the next request is sent."""
        connection.sendall(self._answer(request).as_bytes() * 2)
        return True

    def send_previous(self, connection, request):
        """The response to the request before comes once more, in place of the response to this one."""
        number, previous = self._previous
        if number != request.connection:
            return None
        self._answer(request)
        connection.sendall(previous)
        return True

    def carry_out_twice(self, connection, request):
        """The request is carried out twice, as after a retry that the client knows nothing of."""
        first = self._answer(request)
        self._answer(request)
        connection.sendall(first.as_bytes())
        return True

    def leave_unread(self, connection, request):
        """Half of a batch's keys are not read, or a batch's rows are not written."""
        if request.operation not in {"BatchGetItem", "BatchWriteItem"}:
            return None
        left_over = "UnprocessedKeys" if request.operation == "BatchGetItem" else "UnprocessedItems"
        if request.operation == "BatchWriteItem":
            return fault_server.ok({left_over: request.json["RequestItems"]})(connection, request)
        [(table, read)] = request.json["RequestItems"].items()
        half = len(read["Keys"]) // 2
        responses = {table: []}
        if half:
            part = {**read, "Keys": read["Keys"][:half]}
            responses = self._answer(request, json.dumps({"RequestItems": {table: part}}).encode()).json["Responses"]
        unread = {table: {**read, "Keys": read["Keys"][half:]}}
        return fault_server.ok({"Responses": responses, left_over: unread})(connection, request)

    def shorten_page(self, connection, request):
        """A page ends after its first row, as after 1 MB."""
        if request.operation not in {"Query", "Scan"}:
            return None
        connection.sendall(self._answer(request, json.dumps({**request.json, "Limit": 1}).encode()).as_bytes())
        return True

    def empty_page(self, connection, request):
        """A page has no rows, and more pages follow."""
        begin = request.json.get("ExclusiveStartKey")
        if request.operation not in {"Query", "Scan"} or not begin:
            return None
        page = {"Items": [], "Count": 0, "ScannedCount": 0, "LastEvaluatedKey": begin}
        return fault_server.ok(page)(connection, request)

    def throttle_part(self, connection, request):
        """A row of a transaction is throttled, or half of a batch."""
        return self._refuse_part(connection, request, "ThrottlingError")

    def report_in_progress(self, connection, request):
        """The same transaction is still being carried out."""
        if request.operation != "TransactWriteItems":
            return None
        return fault_server.error("TransactionInProgressException")(connection, request)

    def conflict(self, connection, request):
        """Another transaction has the row: a transaction is canceled, a single write refused, half a batch fails."""
        if request.operation in {"PutItem", "UpdateItem", "DeleteItem"}:
            return fault_server.error("TransactionConflictException")(connection, request)
        return self._refuse_part(connection, request, "TransactionConflict")

    def _refuse_part(self, connection, request, code: str) -> bool | None:
        refused = {"Code": code, "Message": "no"}
        if request.operation == "TransactWriteItems":
            reasons = [{"Code": "None"}] * (len(request.json["TransactItems"]) - 1) + [refused]
            canceled = fault_server.error("TransactionCanceledException", CancellationReasons=reasons)
            return canceled(connection, request)
        if request.operation == "BatchExecuteStatement":
            return self._half_of_a_batch(connection, request, refused)
        return None

    def _half_of_a_batch(self, connection, request, refused: dict[str, str]) -> bool:
        statements = request.json["Statements"]
        half = len(statements) // 2
        responses = []
        if half:
            responses = self._answer(request, json.dumps({"Statements": statements[:half]}).encode()).json["Responses"]
        failed = {"Error": refused}
        return fault_server.ok({"Responses": responses + [failed] * (len(statements) - half)})(connection, request)


type Fault = Callable[[FaultProxy, Any, ReceivedRequest], bool | None]
"""Spoils an exchange. Returns whether the connection may be used again, or None if it does not apply."""

FAULTS: dict[str, Fault] = {
    "throttled": FaultProxy.throttle,
    "failed": FaultProxy.fail,
    "reset before": FaultProxy.reset_before,
    "reset after": FaultProxy.reset_after,
    "arrived late": FaultProxy.arrive_late,
    "truncated": FaultProxy.truncate,
    "load balancer": FaultProxy.answer_as_load_balancer,
    "expired credential": FaultProxy.expire_credential,
    "skewed clock": FaultProxy.skew_clock,
    "wrong checksum": FaultProxy.wrong_checksum,
    "sent twice": FaultProxy.send_twice,
    "previous response": FaultProxy.send_previous,
    "carried out twice": FaultProxy.carry_out_twice,
    "left unread": FaultProxy.leave_unread,
    "short page": FaultProxy.shorten_page,
    "empty page": FaultProxy.empty_page,
    "conflict": FaultProxy.conflict,
    "in progress": FaultProxy.report_in_progress,
    "throttled in part": FaultProxy.throttle_part,
    "delayed": FaultProxy.delay,
    "stopped halfway": FaultProxy.stop_halfway,
}

SLOW = {"delayed", "stopped halfway"}
"""The faults that last as long as the client waits."""
