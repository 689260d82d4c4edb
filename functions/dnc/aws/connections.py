"""HTTP/1.1 over kept sockets, no more than an AWS endpoint needs: a request goes out, an answer with its body comes in.

On a socket of its own because `http.client` reads each answer's headers through the email parser, which alone costs
more than all the rest of a read (decision 18). A connection on which anything went wrong is closed, never
used again: so no late answer is ever taken for another request's.
"""

from __future__ import annotations

import math
import socket
import time

from dnc.aws.trust import Trust

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl

MAX_ANSWER = 32 * 1024 * 1024
_CHUNK = 64 * 1024
_FIRST_CHUNK = 16 * 1024
"""Holds the whole answer of a check; a larger buffer takes longer to get than it saves."""
_MAX_HEAD = 64 * 1024
_LENGTH = b"\r\ncontent-length:"
_LONGEST_LENGTH = 12


class Closed(OSError):
    """The other side closed the connection before any byte of its answer."""


class BadAnswer(Exception):
    """What came is not the whole of an HTTP/1.1 answer."""


class Answer:
    """An answer. `head`: status line and headers, small letters."""

    __slots__ = ("body", "head", "status")

    def __init__(self, status: int, head: bytes, body: bytes) -> None:
        """Take what was read."""
        self.status = status
        self.head = head
        self.body = body

    def header(self, name: bytes) -> str:
        """Give a header by its name in small letters, or empty text."""
        at = self.head.find(b"\r\n" + name + b":")
        if at < 0:
            return ""
        at += len(name) + 3
        end = self.head.find(b"\r\n", at)
        return self.head[at : end if end >= 0 else None].strip().decode("latin-1")


class Connection:
    """One connection. `used`: when its last answer was asked for (monotonic seconds), or 0.0.

    One that was used may have been closed by the other side since.
    """

    __slots__ = ("_seconds", "_socket", "keep", "used")

    def __init__(self, connected: socket.socket, seconds: float) -> None:
        """`seconds`: how long an answer may take, all of it."""
        self._socket = connected
        self._seconds = seconds
        self.used = 0.0
        self.keep = True

    def send(self, request: bytes) -> None:
        """Send a request. Raises OSError."""
        self._socket.sendall(request)

    def receive(self) -> Answer:
        """Read the answer. Raises Closed, another OSError (a timeout is one), or BadAnswer."""
        now = time.monotonic()
        deadline = now + self._seconds
        try:
            received = self._socket.recv(_FIRST_CHUNK)
        except ConnectionError:
            raise Closed("closed before the answer") from None
        if not received:
            raise Closed("closed before the answer")
        end = received.find(b"\r\n\r\n")
        while end < 0:
            if len(received) > _MAX_HEAD:
                raise BadAnswer("its headers have no end")
            received += self._more(deadline)
            end = received.find(b"\r\n\r\n")
        head = received[:end].lower()
        rest = received[end + 4 :]
        at = head.find(_LENGTH)
        if at >= 0:
            line_end = head.find(b"\r\n", at + 2)
            body = self._sized(rest, head[at + len(_LENGTH) : line_end if line_end > 0 else None].strip(), deadline)
        elif b"\r\ntransfer-encoding: chunked" in head:
            body = self._chunks(rest, deadline)
        else:
            raise BadAnswer("its length is missing")
        self.used = now
        self.keep = head.startswith(b"http/1.1") and b"\r\nconnection: close" not in head
        return Answer(_status(head), head, body)

    def close(self) -> None:
        """Close it; once is enough, twice does no harm."""
        self._socket.close()

    def _sized(self, received: bytes, length: bytes, deadline: float) -> bytes:
        wanted = int(length) if length.isdigit() and len(length) < _LONGEST_LENGTH else -1
        if not 0 <= wanted <= MAX_ANSWER:
            raise BadAnswer("its length is no number or too large")
        if len(received) < wanted:
            parts = [received]
            there = len(received)
            while there < wanted:
                parts.append(self._more(deadline))
                there += len(parts[-1])
            received = b"".join(parts)
        if len(received) != wanted:
            raise BadAnswer("it is longer than it says")
        return received

    def _chunks(self, received: bytes, deadline: float) -> bytes:
        body, total = [], 0
        while True:
            received, line = self._line(received, deadline)
            try:
                size = int(line.partition(b";")[0], 16)
            except ValueError:
                raise BadAnswer("a chunk has no size") from None
            total += size
            if size < 0 or total > MAX_ANSWER:
                raise BadAnswer("it is too large")
            if size == 0:
                break
            while len(received) < size + 2:
                received += self._more(deadline)
            if received[size : size + 2] != b"\r\n":
                raise BadAnswer("a chunk is longer than it says")
            body.append(received[:size])
            received = received[size + 2 :]
        while line:  # trailers, up to an empty line
            received, line = self._line(received, deadline)
        if received:
            raise BadAnswer("it is longer than it says")
        return b"".join(body)

    def _line(self, received: bytes, deadline: float) -> tuple[bytes, bytes]:
        while b"\r\n" not in received:
            received += self._more(deadline)
        line, _, rest = received.partition(b"\r\n")
        return rest, line

    def _more(self, deadline: float) -> bytes:
        if time.monotonic() > deadline:
            raise TimeoutError("the answer took too long")
        received = self._socket.recv(_CHUNK)
        if not received:
            raise BadAnswer("it was cut off")
        return received


class Connections:
    """The kept connections to one endpoint. Threads may share it: a connection is in one hand at a time."""

    def __init__(self, scheme: str, host: str, port: int, connect_seconds: float, answer_seconds: float) -> None:
        """`scheme`: http or https."""
        self._host, self._port = host, port
        self._connect_seconds, self._answer_seconds = connect_seconds, answer_seconds
        self._trust = Trust(host) if scheme == "https" else None
        self._idle: list[Connection] = []

    def take(self, *, new: bool = False) -> Connection:
        """Give a kept connection, or a new one. Raises OSError; a certificate that is not believed is one."""
        if not new:
            try:
                return self._idle.pop()
            except IndexError:
                pass
        return self._opened()

    def give_back(self, connection: Connection) -> None:
        """Keep a connection on which a whole answer came."""
        if connection.keep:
            self._idle.append(connection)
        else:
            connection.close()

    def forget_idle(self, until: float = math.inf) -> None:
        """Close what is kept and was last used up to a moment (monotonic seconds): likely it was closed, too."""
        for connection in self._idle[:]:
            if connection.used <= until:
                try:
                    self._idle.remove(connection)
                except ValueError:
                    continue  # another thread has just taken it
                connection.close()

    def _opened(self) -> Connection:
        connected = socket.create_connection((self._host, self._port), self._connect_seconds)
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._trust:
                connected = self._secured(connected, self._trust)
            connected.settimeout(self._answer_seconds)
        except BaseException:
            connected.close()
            raise
        return Connection(connected, self._answer_seconds)

    def _secured(self, connected: socket.socket, trust: Trust) -> ssl.SSLSocket:
        import ssl  # noqa: PLC0415 - plain http, as on a laptop, does without

        try:
            return trust.context().wrap_socket(connected, server_hostname=self._host)
        except ssl.SSLCertVerificationError:
            connected.close()
            if not trust.widen():
                raise
        again = socket.create_connection((self._host, self._port), self._connect_seconds)
        try:
            return trust.context().wrap_socket(again, server_hostname=self._host)
        except BaseException:
            again.close()
            raise


def _status(head: bytes) -> int:
    if not head.startswith(b"http/1.") or not head[9:12].isdigit() or head[8:9] != b" ":
        raise BadAnswer("it is not HTTP/1.1")
    return int(head[9:12])
