"""A server on loopback that fails as DynamoDB and networks do: each request gets the next step of a script."""

import contextlib
import datetime as dt
import ipaddress
import json
import socket
import ssl
import struct
import threading
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class ReceivedRequest:
    """A request as received. `connection`: which connection it came on, from 1."""

    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def operation(self) -> str:
        return self.headers.get("x-amz-target", "").rpartition(".")[2]

    @property
    def json(self):
        return json.loads(self.body)


Act = Callable[[socket.socket, ReceivedRequest], bool]
"""Responds on a connection, or fails to, and returns whether the connection may be used again."""


def http(status: int, body: bytes, *, crc: int | None = None, more: str = "", request_id: str | None = None) -> bytes:
    """Return a response as bytes. Its request id is random unless `request_id` is set (empty: no id)."""
    crc = zlib.crc32(body) if crc is None else crc
    request_id = uuid.uuid4().hex if request_id is None else request_id
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.0\r\nx-amz-crc32: {crc}\r\n{more}"
    head += f"x-amzn-RequestId: {request_id}\r\n" if request_id else ""
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def ok(body: object = None, **more) -> Act:
    def act(connection, _):
        connection.sendall(http(200, json.dumps({} if body is None else body).encode(), **more))
        return True

    return act


def error(code: str, status: int = 400, *, more: str = "", **extra) -> Act:
    def act(connection, _):
        body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no", **extra}
        connection.sendall(http(status, json.dumps(body).encode(), more=more))
        return True

    return act


def raw(response: bytes, *, keep: bool = False) -> Act:
    def act(connection, _):
        connection.sendall(response)
        return keep

    return act


def close(_connection, _) -> bool:
    return False


def reset(connection, _) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def ok_then_close(body: object = None) -> Act:
    """Respond, then close the connection without notice, as servers close idle connections."""
    send = ok(body)
    return lambda connection, request: send(connection, request) and False


def stall(connection, _) -> bool:
    """Send nothing until the client gives up."""
    connection.settimeout(10)
    with contextlib.suppress(OSError):
        connection.recv(1)
    return False


def trickle(connection, _) -> bool:
    """Send a byte every 20 ms, for longer than any client waits."""
    response = http(200, b"{" + b" " * 400 + b"}")
    pause = threading.Event()
    with contextlib.suppress(OSError):
        for byte in response:
            connection.sendall(bytes([byte]))
            pause.wait(0.02)
    return False


def date(moment: dt.datetime) -> str:
    return f"Date: {format_datetime(moment, usegmt=True)}\r\n"


@dataclass
class FaultServer:
    """Runs the steps of `script`, then `after` forever. `received`: the requests so far."""

    script: list[Act] = field(default_factory=list)
    after: Act = field(default_factory=ok)
    tls: ssl.SSLContext | None = None
    received: list[ReceivedRequest] = field(default_factory=list)
    connections: int = 0

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._threads = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(10)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # the listener is closed: the test is over
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True).start()

    def _serve(self, connection, number):
        with contextlib.suppress(OSError):
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while self._one(connection, stream, number):
                    pass

    def _one(self, connection, stream, number) -> bool:
        if not stream.readline():
            return False
        headers = {}
        while (line := stream.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        request = ReceivedRequest(headers, stream.read(int(headers.get("content-length") or 0)), number)
        with self._lock:
            self.received.append(request)
            act = self.script.pop(0) if self.script else self.after
        return act(connection, request)


def self_signed(folder: Path, *names: str) -> tuple[Path, ssl.SSLContext]:
    """Make a self-signed certificate for names or addresses. Return its file, for clients, and a server's context."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = dt.datetime.now(dt.UTC)
    hosts: list[x509.GeneralName] = []
    for one in names:
        try:
            hosts.append(x509.IPAddress(ipaddress.ip_address(one)))
        except ValueError:
            hosts.append(x509.DNSName(one))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{names[0].replace(':', '_')}.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = folder / f"{names[0].replace(':', '_')}.key"
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return file, context
