"""What one connection accepts as a response and when it may be used again, byte by byte on a pair of sockets."""

import contextlib
import socket

import pytest

from dnc.aws import connections
from dnc.aws.connections import BadResponse, Closed, Connection


@contextlib.contextmanager
def received(data, *, ends=True):
    """Yield a connection whose request was sent, and whose peer has sent `data` and, if so, closed."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(ours, 2.0)
        connection.send(b"request")
        theirs.sendall(data)
        if ends:
            theirs.shutdown(socket.SHUT_WR)
        yield connection


def response(body=b"{}", head="", version="1.1", length=None):
    length = len(body) if length is None else length
    return f"HTTP/{version} 200 OK\r\n{head}Content-Length: {length}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("data", "keep"),
    [
        (response(), True),
        (response(head="Connection: keep-alive\r\n"), True),
        (response(head="Connection: close\r\n"), False),
        (response(head="CONNECTION: CLOSE\r\n"), False),
        (response(version="1.0"), False),
    ],
)
def test_a_connection_that_the_peer_closes_is_not_kept(data, keep):
    with received(data) as connection:
        assert connection.receive().body == b"{}"
        assert connection.keep is keep


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (response(b"{}", length=9), "cut off"),
        (response(b"{} and more", length=2), "longer"),
        (response(b"", length=connections.MAX_BODY + 1), "too large"),
        (response(b"", length="-1"), "not a number"),
        (response(b"", length="0x10"), "not a number"),
        (response(b"", length="9" * 40), "not a number"),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", "length is missing"),
        (b"HTTP/1.1 200", "cut off"),
        (b"HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1"),
    ],
)
def test_anything_but_one_whole_response_is_refused(data, why):
    with received(data) as connection, pytest.raises(BadResponse, match=why):
        connection.receive()


def test_headers_without_an_end_are_refused_before_they_fill_the_memory():
    with (
        received(b"HTTP/1.1 200 OK\r\n" + b"x" * 100_000, ends=False) as connection,
        pytest.raises(BadResponse, match="no end"),
    ):
        connection.receive()


def test_a_peer_that_closes_without_a_byte_is_distinguished():
    with received(b"") as connection, pytest.raises(Closed):
        connection.receive()


def test_a_connection_can_be_reused_until_unrequested_bytes_arrive():
    with received(response(), ends=False) as connection:
        connection.receive()
        assert connection.is_fit()
    with received(response(), ends=True) as connection:
        connection.receive()
        assert not connection.is_fit()


class Decrypted:
    """A socket whose TLS layer holds decrypted bytes that polling does not show."""

    def __init__(self, real, pending):
        self._real, self._pending = real, pending

    def __getattr__(self, name):
        return getattr(self._real, name)

    def pending(self):
        return self._pending


@pytest.mark.parametrize(("pending", "fit"), [(0, True), (1, False)])
def test_bytes_that_tls_has_decrypted_are_unrequested_too(pending, fit):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(Decrypted(ours, pending), 2.0)
        connection.send(b"request")
        theirs.sendall(response())
        connection.receive()
        assert connection.is_fit() is fit
