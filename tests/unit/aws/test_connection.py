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
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n{}", True),
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
        (b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1"),
        (b"HTTP/1.1 +20 OK\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + response(), "not a final response"),
        (b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n", "not a final response"),
        (b"HTTP/1.1 103 Early Hints\r\nContent-Length: 2\r\n\r\n{}", "not a final response"),
        (response(head="Content-Length: 1\r\n"), "two lengths"),
        (response(head="Content-Length: 2\r\n"), "two lengths"),
        (response(head="Transfer-Encoding: chunked\r\n"), "two lengths"),
        (response(b"", length="2, 2"), "not a number"),
        (response(b"", length="+2"), "not a number"),
        (b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}", "length is missing"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "length is missing"),
    ],
)
def test_anything_but_one_whole_response_is_refused(data, why):
    with received(data) as connection, pytest.raises(BadResponse, match=why):
        connection.receive()


def chunked(body):
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body


@pytest.mark.parametrize("body", [b"2\r\n{}\r\n0\r\n\r\n", b"1 ;x=y\r\n{\r\n1\r\n}\r\n0\r\nA: b\r\nC: d\r\n\r\n"])
def test_a_chunked_body_is_read_to_its_end(body):
    with received(chunked(body)) as connection:
        assert connection.receive().body == b"{}"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        *[(size + b"\r\n{}\r\n0\r\n\r\n", "no size") for size in (b"", b"+2", b"-2", b"0x2", b"0_2", b"z", b"0" * 13)],
        (b"1\r\n{}\r\n0\r\n\r\n", "longer than its stated size"),
        (b"FFFFFFFF\r\n{}\r\n0\r\n\r\n", "too large"),
        (b"2\r\n{}\r\n0\r\n\r\nx", "longer than its stated length"),
        (b"2\r\n{}\r\n0\r\n", "cut off"),
        (b"2;" + b"x" * 5000 + b"\r\n{}\r\n0\r\n\r\n", "a line has no end"),
        (b"2\r\n{}\r\n0\r\n" + b"A: b\r\n" * 200, "trailers have no end"),
    ],
)
def test_a_chunked_body_that_is_not_exactly_one_is_refused(body, why):
    with received(chunked(body)) as connection, pytest.raises(BadResponse, match=why):
        connection.receive()


@pytest.mark.parametrize("whole", [response(), chunked(b"2\r\n{}\r\n0\r\n\r\n")], ids=["sized", "chunked"])
def test_a_response_that_is_cut_off_at_any_byte_is_never_whole(whole):
    for end in range(len(whole)):
        with received(whole[:end]) as connection, pytest.raises((BadResponse, Closed)):
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
