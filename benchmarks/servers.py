"""What a function talks to while it is measured: Lambda's Runtime API, and an HTTP stand-in for DynamoDB.

Both listen on loopback, on a free port. The stand-in runs in a process of its own, so that its work is not counted as
the function's; it answers from memory at once and checks nothing: it measures clients, it does not test them.
"""

import asyncio
import contextlib
import json
import queue
import re
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[1]


class NotAnswered(Exception):
    """A function gave no answer in time, or ended; the message says which."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back from a function. `kind`: response, error or init_error; `at`: perf_counter nanoseconds."""

    kind: str
    body: bytes
    at: int


class RuntimeApi:
    """Lambda's Runtime API for one function, which asks it for events (the interface of 2018-06-01)."""

    def __init__(self) -> None:
        """Begin to listen."""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._events: queue.Queue[bytes | None] = queue.Queue()
        self._answers: queue.Queue[Answered] = queue.Queue()
        self._number = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        """Give what listens already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening; a function that still waits for an event loses its connection."""
        self._events.put(None)
        self._listening.close()

    def give(self, event: object) -> None:
        """Let the function have an event when it asks for the next one."""
        self._events.put(json.dumps(event).encode())

    def answer(self, seconds: float = 30.0) -> Answered:
        """Wait for the answer to an event. Raises NotAnswered."""
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            raise NotAnswered(f"the function gave no answer within {seconds:g} s") from None

    def invoke(self, event: object, seconds: float = 30.0) -> Answered:
        """Give an event and wait for its answer."""
        self.give(event)
        return self.answer(seconds)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as read, contextlib.suppress(OSError):
            while line := read.readline():
                _, path, _ = line.decode("latin-1").split(" ", 2)
                body = _body(read)
                at = time.perf_counter_ns()
                if path.endswith("/invocation/next"):
                    event = self._events.get()
                    if event is None:
                        return
                    connection.sendall(self._next(event))
                    continue
                kind = "init_error" if path.endswith("/init/error") else path.rsplit("/", 1)[1]
                connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
                self._answers.put(Answered(kind, body, at))

    def _next(self, event: bytes) -> bytes:
        self._number += 1
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            f"Lambda-Runtime-Aws-Request-Id: 00000000-0000-4000-8000-{self._number:012d}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {int(time.time() * 1000) + 30_000}\r\n"
            "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:measured\r\n"
            f"Content-Length: {len(event)}\r\n\r\n"
        )
        return head.encode() + event


def _body(read: Any) -> bytes:
    length = 0
    chunked = False
    while (line := read.readline().rstrip()) != b"":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        chunked = chunked or (name.lower() == b"transfer-encoding" and b"chunked" in value)
    if not chunked:
        return bytes(read.read(length))
    body = b""
    while size := int(read.readline().split(b";")[0], 16):
        body += read.read(size)
        read.readline()
    read.readline()
    return body


class StandIn:
    """An HTTP stand-in for DynamoDB (and, as far as it goes, EventBridge) in a process of its own.

    `tables`: by name, `{"keys": [hash, range], "rows": [a row in DynamoDB's typed form, ...]}`.
    """

    def __init__(self, tables: Mapping[str, Any]) -> None:
        """Take what is in the tables."""
        self._tables = tables
        self.url = ""
        self.pid = 0

    def __enter__(self) -> Self:
        """Start it and wait until it listens."""
        command = [sys.executable, "-m", "benchmarks.servers"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin  # noqa: S101
        assert self._process.stdout  # noqa: S101
        self._process.stdin.write(json.dumps(self._tables).encode() + b"\n")
        self._process.stdin.flush()
        port = self._process.stdout.readline().decode().strip()
        if not port:
            raise NotAnswered("the stand-in for DynamoDB did not start")
        self.url = f"http://127.0.0.1:{port}"
        self.pid = self._process.pid
        return self

    def __exit__(self, _t: type[BaseException] | None, _v: BaseException | None, _b: TracebackType | None) -> None:
        """Stop it: it ends when its input does."""
        assert self._process.stdin  # noqa: S101
        assert self._process.stdout  # noqa: S101
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


class Tables:
    """Rows in memory, read and written by DynamoDB's operations. No condition is checked."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        """Take rows in DynamoDB's typed form."""
        self._keys = {name: table["keys"] for name, table in tables.items()}
        self._rows = {
            name: {self._place(name, row): row for row in table.get("rows", ())} for name, table in tables.items()
        }

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer one operation by its name in X-Amz-Target."""
        found = getattr(self, f"_{operation.lower()}", None)
        answer: dict[str, Any] = found(asked) if found else {}
        return answer

    def _place(self, table: str, row: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(str(next(iter(row[name].values()))) for name in self._keys[table])

    def _getitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        row = self._rows[asked["TableName"]].get(self._place(asked["TableName"], asked["Key"]))
        return {} if row is None else {"Item": _projected(row, asked)}

    def _batchgetitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        responses = {}
        for table, wanted in asked["RequestItems"].items():
            rows = self._rows[table]
            found = (rows.get(self._place(table, key)) for key in wanted["Keys"])
            responses[table] = [_projected(row, wanted) for row in found if row is not None]
        return {"Responses": responses, "UnprocessedKeys": {}}

    def _putitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._rows[asked["TableName"]][self._place(asked["TableName"], asked["Item"])] = asked["Item"]
        return {}

    def _transactwriteitems(self, asked: dict[str, Any]) -> dict[str, Any]:
        for part in asked["TransactItems"]:
            if "Put" in part:
                self._putitem(part["Put"])
        return {}

    def _batchwriteitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        for table, requests in asked["RequestItems"].items():
            for request in requests:
                if "PutRequest" in request:
                    self._putitem({"TableName": table, "Item": request["PutRequest"]["Item"]})
        return {"UnprocessedItems": {}}

    def _query(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Give a partition's rows in order; what else the key condition and the filter say is not looked at."""
        table = asked["TableName"]
        if asked.get("IndexName"):
            return {"Items": [], "Count": 0, "ScannedCount": 0}
        name, value = re.findall(r"(\S+) *= *(:\w+)", asked["KeyConditionExpression"])[0]
        name = asked.get("ExpressionAttributeNames", {}).get(name, name)
        partition = next(iter(asked["ExpressionAttributeValues"][value].values()))
        places = sorted(place for place in self._rows[table] if place[self._keys[table].index(name)] == partition)
        if "ExclusiveStartKey" in asked:
            start = self._place(table, asked["ExclusiveStartKey"])
            places = [place for place in places if place > start]
        limit = asked.get("Limit", 1000)
        found = [self._rows[table][place] for place in places[:limit]]
        answer = {
            "Items": [_projected(row, asked) for row in found],
            "Count": len(found),
            "ScannedCount": len(found),
        }
        if len(places) > limit:
            answer["LastEvaluatedKey"] = {key: found[-1][key] for key in self._keys[table]}
        return answer

    def _putevents(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"FailedEntryCount": 0, "Entries": [{"EventId": str(n)} for n, _ in enumerate(asked["Entries"])]}


def _projected(row: dict[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    expression = asked.get("ProjectionExpression")
    if not expression:
        return row
    names = asked.get("ExpressionAttributeNames", {})
    wanted = [names.get(name.strip(), name.strip()) for name in expression.split(",")]
    return {name: row[name] for name in wanted if name in row}


class _Http(asyncio.Protocol):
    """One kept connection: a request, its answer, the next one."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        for target, body in self._requests():
            _, _, operation = target.partition(".")
            answer = json.dumps(self._tables.answer(operation, json.loads(body or b"{}"))).encode()
            head = (
                "HTTP/1.1 200 OK\r\nServer: Server\r\nContent-Type: application/x-amz-json-1.0\r\n"
                f"Content-Length: {len(answer)}\r\nConnection: keep-alive\r\n"
                "x-amzn-RequestId: STANDIN0000000000000000000000000000000000000000000000\r\n"
                f"x-amz-crc32: {zlib.crc32(answer)}\r\n\r\n"
            )
            self._transport.write(head.encode() + answer)

    def _requests(self) -> Iterator[tuple[str, bytes]]:
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = self._read[:end].decode("latin-1").lower() + "\r\n"
            length = re.search(r"\r\ncontent-length: *(\d+)\r\n", head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._read) < whole:
                return
            target = re.search(r"\r\nx-amz-target: *(\S+)\r\n", head)
            body = self._read[end + 4 : whole]
            self._read = self._read[whole:]
            yield (target[1] if target else "", body)


async def _stand_in() -> None:
    tables = Tables(json.loads(sys.stdin.readline()))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Http(tables), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_stand_in())
