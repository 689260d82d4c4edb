"""Lambda's Runtime API for a measured function, on a free loopback port."""

import contextlib
import json
import queue
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]


class NoResponse(Exception):
    """A function did not respond in time, failed or ended. The message says which."""


@dataclass(frozen=True, slots=True)
class Response:
    """A function's response. `kind`: response, error or init_error. `at`: perf_counter nanoseconds."""

    kind: str
    body: bytes
    at: int


class RuntimeApi:
    """Lambda's Runtime API (version 2018-06-01) for one function, which polls it for events."""

    def __init__(self) -> None:
        """Start listening."""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._events: queue.Queue[bytes | None] = queue.Queue()
        self._responses: queue.Queue[Response] = queue.Queue()
        self._number = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        """Return this server."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening. A function that still waits for an event loses its connection."""
        self._events.put(None)
        self._listening.close()

    def send(self, event: object) -> None:
        """Queue an event for the function."""
        self._events.put(json.dumps(event).encode())

    def response(self, seconds: float = 30.0) -> Response:
        """Wait for the response to an event. Raises NoResponse."""
        try:
            return self._responses.get(timeout=seconds)
        except queue.Empty:
            raise NoResponse(f"the function did not respond within {seconds:g} s") from None

    def invoke(self, event: object, seconds: float = 30.0) -> Response:
        """Send an event and wait for its response. Raises NoResponse."""
        self.send(event)
        return self.response(seconds)

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
                self._responses.put(Response(kind, body, at))

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
