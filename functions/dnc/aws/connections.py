"""HTTP/1.1 over persistent connections, as far as AWS endpoints need it: send a request, receive a response.

It uses sockets directly because `http.client` reads each response's headers through the email parser, which costs more
than all the rest of a read (decision 18). A response must never be mistaken for another request's. So as soon as
anything is wrong with a connection (unrequested bytes, a repeated request id, a timeout), it is closed and never used
again.
"""

from __future__ import annotations

import math
import select
import socket
import time

from dnc.aws import deadline
from dnc.aws.trust import Trust

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl

MAX_BODY = 32 * 1024 * 1024
IDLE_SECONDS = 20.0
"""A connection that was idle for longer, by the wall clock, may be dead: a function that is frozen between invocations
does not notice when the other side closes it."""
MAX_RESPONSES = 1000
"""A connection is replaced after this many responses, which bounds the request ids that it remembers."""
_CHUNK = 64 * 1024
_FIRST_CHUNK = 16 * 1024
"""Enough for the whole response of a check. A larger buffer takes longer to allocate than it saves."""
_MAX_HEAD = 64 * 1024
_LENGTH, _ENCODING = b"\r\ncontent-length:", b"\r\ntransfer-encoding:"
_MAX_LINE = 4096
"""The longest line of a chunk's size, or of a trailer."""
_MAX_TRAILERS = 100
_LONGEST_LENGTH = 12
_HEX = b"0123456789abcdefABCDEF"
_AFTER_STATUS = (b" ", b"\r", b"")
_SHORTEST_WAIT = 0.001
_CLOSE_ENOUGH = 0.02
"""How far a wait may be from its limit, in seconds."""


class Closed(OSError):
    """The other side closed the connection before any byte of its response."""


class BadResponse(Exception):
    """The bytes received are not exactly one HTTP/1.1 response to this request."""


class Response:
    """One response. `head`: the status line and headers, in lower case."""

    __slots__ = ("body", "head", "status")

    def __init__(self, status: int, head: bytes, body: bytes) -> None:
        """Store what was read."""
        self.status = status
        self.head = head
        self.body = body

    def header(self, name: bytes) -> str:
        """Return a header by its lower-case name, or empty text."""
        at = self.head.find(b"\r\n" + name + b":")
        if at < 0:
            return ""
        at += len(name) + 3
        end = self.head.find(b"\r\n", at)
        return self.head[at : end if end >= 0 else None].strip().decode("latin-1")


class Connection:
    """One connection. `used`: when its last response came (epoch seconds), or 0.0 while it is new."""

    __slots__ = ("_ends", "_poll", "_request_ids", "_seconds", "_socket", "_timeout", "keep", "used")

    def __init__(self, connected: socket.socket, seconds: float) -> None:
        """`seconds`: how long a response may take, from the sending of its request to its last byte."""
        self._socket = connected
        self._seconds = seconds
        self._ends = 0.0
        self._timeout = math.inf
        self._request_ids: set[str] = set()
        self._poll = select.poll()
        self._poll.register(connected, select.POLLIN)
        self.used = 0.0
        self.keep = True

    def is_fit(self) -> bool:
        """Return whether a request may be sent: not idle for long, and no unrequested bytes to read.

        A new connection may have something to read: the session tickets of TLS.
        """
        if not self.used:
            return True
        return 0 <= time.time() - self.used < IDLE_SECONDS and not self._poll.poll(0) and not self._buffered()

    def send(self, request: bytes) -> None:
        """Send a request. Raises OSError."""
        now = time.monotonic()
        self._ends = min(now + self._seconds, deadline.ends())
        self._limit_wait(self._ends - now)
        self._socket.sendall(request)

    def receive(self) -> Response:
        """Read the response. Raises Closed, another OSError (a timeout is one), or BadResponse."""
        self._limit_wait(self._ends - time.monotonic())
        try:
            received = self._socket.recv(_FIRST_CHUNK)
        except ConnectionError:
            raise Closed("closed before the response") from None
        if not received:
            raise Closed("closed before the response")
        end = received.find(b"\r\n\r\n")
        while end < 0:
            if len(received) > _MAX_HEAD:
                raise BadResponse("its headers have no end")
            received += self._more()
            end = received.find(b"\r\n\r\n")
        head = received[:end].lower()
        rest = received[end + 4 :]
        status = _status(head)
        at = head.find(_LENGTH)
        if at >= 0:
            line_end = head.find(b"\r\n", at + 2)
            if head.find(_LENGTH, at + 1) >= 0 or _ENCODING in head:
                raise BadResponse("it has two lengths")
            body = self._sized(rest, head[at + len(_LENGTH) : line_end if line_end > 0 else None].strip())
        elif _ENCODING + b" chunked" in head:
            body = self._chunks(rest)
        else:
            raise BadResponse("its length is missing")
        self.used = time.time()
        self.keep = head.startswith(b"http/1.1") and b"\r\nconnection: close" not in head
        return Response(status, head, body)

    def claim(self, request_id: str) -> None:
        """Record a response's request id. Raises BadResponse if an earlier response had the same id, or this has none.

        A response that is sent twice repeats its id. A response to no request, such as a late 408, has no id. If the
        first response has none, nothing would tell the next one from a copy, so the connection is not used again.
        """
        if not request_id:
            if self._request_ids:
                raise BadResponse("it has no request id")
            self.keep = False
            return
        if request_id in self._request_ids:
            raise BadResponse("its request id repeats")
        self._request_ids.add(request_id)
        if len(self._request_ids) >= MAX_RESPONSES:
            self.keep = False

    def close(self) -> None:
        """Close it. Idempotent."""
        self._socket.close()

    def _limit_wait(self, seconds: float) -> None:
        """Limit the next wait. Setting a socket's timeout is a system call, so one that is close enough is kept."""
        if not -_CLOSE_ENOUGH < self._timeout - seconds < _CLOSE_ENOUGH:
            self._timeout = max(seconds, _SHORTEST_WAIT)
            self._socket.settimeout(self._timeout)

    def _buffered(self) -> int:
        """Return how many bytes TLS has already decrypted. Polling the socket does not show them."""
        pending = getattr(self._socket, "pending", None)
        return pending() if pending else 0

    def _sized(self, received: bytes, length: bytes) -> bytes:
        wanted = int(length) if length.isdigit() and len(length) < _LONGEST_LENGTH else -1
        if not 0 <= wanted <= MAX_BODY:
            raise BadResponse("its length is not a number or too large")
        if len(received) < wanted:
            parts = [received]
            count = len(received)
            while count < wanted:
                parts.append(self._more())
                count += len(parts[-1])
            received = b"".join(parts)
        if len(received) != wanted:
            raise BadResponse("it is longer than its stated length")
        return received

    def _chunks(self, received: bytes) -> bytes:
        body, total = [], 0
        while True:
            received, line = self._line(received)
            digits = line.partition(b";")[0].strip()
            if digits.strip(_HEX) or not 0 < len(digits) < _LONGEST_LENGTH:
                raise BadResponse("a chunk has no size")
            size = int(digits, 16)
            total += size
            if total > MAX_BODY:
                raise BadResponse("it is too large")
            if size == 0:
                break
            while len(received) < size + 2:
                received += self._more()
            if received[size : size + 2] != b"\r\n":
                raise BadResponse("a chunk is longer than its stated size")
            body.append(received[:size])
            received = received[size + 2 :]
        trailers = 0
        while line:  # trailers, up to an empty line
            received, line = self._line(received)
            trailers += 1
            if trailers > _MAX_TRAILERS:
                raise BadResponse("its trailers have no end")
        if received:
            raise BadResponse("it is longer than its stated length")
        return b"".join(body)

    def _line(self, received: bytes) -> tuple[bytes, bytes]:
        while b"\r\n" not in received[:_MAX_LINE]:
            if len(received) >= _MAX_LINE:
                raise BadResponse("a line has no end")
            received += self._more()
        line, _, rest = received.partition(b"\r\n")
        return rest, line

    def _more(self) -> bytes:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the response took too long")
        self._limit_wait(left)
        received = self._socket.recv(_CHUNK)
        if not received:
            raise BadResponse("it was cut off")
        return received


class Connections:
    """The pool of connections to one endpoint. Threads may share it: each connection has one user at a time."""

    def __init__(self, scheme: str, host: str, port: int, connect_seconds: float, response_seconds: float) -> None:
        """`scheme`: http or https."""
        self._host, self._port = host, port
        self._connect_seconds, self._response_seconds = connect_seconds, response_seconds
        self._trust = Trust(host) if scheme == "https" else None
        self._idle: list[Connection] = []

    def take(self, *, new: bool = False) -> Connection:
        """Return an idle connection that is fit, or a new one. Raises OSError, also for an untrusted certificate."""
        while not new:
            try:
                connection = self._idle.pop()
            except IndexError:
                break
            if connection.is_fit():
                return connection
            connection.close()
        return self._opened()

    def give_back(self, connection: Connection) -> None:
        """Return a connection to the pool. Its last response must have been complete and its own."""
        if connection.keep:
            self._idle.append(connection)
        else:
            connection.close()

    def forget_idle(self, until: float = math.inf) -> None:
        """Close the idle connections last used up to a moment (epoch seconds): they are likely to be dead as well."""
        for connection in self._idle[:]:
            if connection.used <= until:
                try:
                    self._idle.remove(connection)
                except ValueError:
                    continue  # another thread has just taken it
                connection.close()

    def _opened(self) -> Connection:
        connected = self._connected()
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._trust:
                connected = self._secured(connected, self._trust)
        except BaseException:
            connected.close()
            raise
        return Connection(connected, self._response_seconds)

    def _connected(self) -> socket.socket:
        seconds = min(self._connect_seconds, deadline.left())
        if seconds <= 0:
            raise TimeoutError("the deadline has passed")
        return socket.create_connection((self._host, self._port), seconds)

    def _secured(self, connected: socket.socket, trust: Trust) -> ssl.SSLSocket:
        import ssl  # noqa: PLC0415 - plain http, as on a laptop, does without

        try:
            return trust.context().wrap_socket(connected, server_hostname=self._host)
        except ssl.SSLCertVerificationError:
            connected.close()
            if not trust.widen():
                raise
        again = self._connected()
        try:
            return trust.context().wrap_socket(again, server_hostname=self._host)
        except BaseException:
            again.close()
            raise


def _status(head: bytes) -> int:
    """Return the status. An informational one (1xx) precedes the response, and AWS sends none: it ends the attempt."""
    digits = head[9:12]
    if not head.startswith(b"http/1.") or head[8:9] != b" " or not digits.isdigit() or head[12:13] not in _AFTER_STATUS:
        raise BadResponse("it is not HTTP/1.1")
    if digits < b"200":
        raise BadResponse("it is not a final response")
    return int(digits)
