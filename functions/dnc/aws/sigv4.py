"""AWS Signature Version 4 for JSON requests, as bytes of HTTP/1.1.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. Requests to one service
differ only in body, operation, time and credential, so everything else is prepared once a second.
"""

from __future__ import annotations

import time

try:
    # The interpreter's own: for short texts, OpenSSL takes longer to set up a hash than to compute it.
    from _sha2 import sha256  # type: ignore[import-not-found]
except ImportError:
    from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dnc.aws.credentials import Credential

JSON_1_0, JSON_1_1 = "application/x-amz-json-1.0", "application/x-amz-json-1.1"
ALGORITHM = "AWS4-HMAC-SHA256"
_BLOCK = 64
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_LONG_BODY = 2048
"""From this length on, OpenSSL is faster."""


class Signer:
    """Writes signed requests to one endpoint of one service."""

    def __init__(self, host: str, region: str, service: str, content_type: str = JSON_1_0) -> None:
        """`host`: as in the Host header, with its port unless that is the scheme's default; `region`: an AWS Region."""
        self._host = host
        self._region = region
        self._service = service
        self._content_type = content_type
        self._key: tuple[str, str, bytes] = ("", "", b"")
        self._prepared: _Prepared | None = None

    def request(self, credential: Credential, target: str, body: bytes, now: float) -> bytes:
        """Return a signed POST request. `target`: the X-Amz-Target header; `now`: epoch seconds by AWS's clock."""
        prepared = self._prepared
        second = int(now)
        if (
            prepared is None
            or prepared.second != second
            or prepared.credential is not credential
            or prepared.target != target
        ):
            # One assignment: two threads may both prepare, but neither reads half of the other's.
            self._prepared = prepared = self._prepare(credential, target, second)
        canonical = prepared.canonical.copy()
        canonical.update((sha256(body) if len(body) < _LONG_BODY else _long(body)).hexdigest().encode())
        inner = prepared.inner.copy()
        inner.update(canonical.hexdigest().encode())
        outer = prepared.outer.copy()
        outer.update(inner.digest())
        signature = outer.hexdigest().encode()
        return b"%b%b\r\nContent-Length: %d\r\n\r\n%b" % (prepared.head, signature, len(body), body)

    def _prepare(self, credential: Credential, target: str, second: int) -> _Prepared:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        token = credential.token
        secured = f"x-amz-security-token:{token}\n" if token else ""
        signed = f"content-type;host;x-amz-date;{'x-amz-security-token;' if token else ''}x-amz-target"
        canonical = (
            f"POST\n/\n\ncontent-type:{self._content_type}\nhost:{self._host}\nx-amz-date:{stamp}\n{secured}"
            f"x-amz-target:{target}\n\n{signed}\n"
        )
        day = stamp[:8]
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        head = (
            f"POST / HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: {self._content_type}\r\nX-Amz-Date: {stamp}\r\n"
            f"{f'X-Amz-Security-Token: {token}\r\n' if token else ''}X-Amz-Target: {target}\r\n"
            "Accept-Encoding: identity\r\nUser-Agent: nocall\r\n"
            f"Authorization: {ALGORITHM} Credential={credential.access_key}/{scope}, SignedHeaders={signed}, "
            "Signature="
        )
        inner, outer = _hmac(self._key_of(credential.secret_key, day))
        inner.update(f"{ALGORITHM}\n{stamp}\n{scope}\n".encode())
        return _Prepared(
            second, credential, target,
            canonical=sha256(canonical.encode()),
            inner=inner,
            outer=outer,
            head=head.encode(),
        )  # fmt: skip

    def _key_of(self, secret: str, day: str) -> bytes:
        # One assignment of one tuple: two threads may both compute it, but neither reads half of the other's.
        known, of_day, key = self._key
        if known != secret or of_day != day:
            key = signing_key(secret, day, self._region, self._service)
            self._key = (secret, day, key)
        return key


def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """Return the key that signs a day's requests. `day`: YYYYMMDD."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        inner, outer = _hmac(key)
        inner.update(part.encode())
        outer.update(inner.digest())
        key = outer.digest()
    return key


def hashed(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal digits."""
    digits: str = sha256(text.encode()).hexdigest()
    return digits


def signature(key: bytes, text: str) -> str:
    """Return the HMAC-SHA256 of a text in hexadecimal digits."""
    inner, outer = _hmac(key)
    inner.update(text.encode())
    outer.update(inner.digest())
    digits: str = outer.hexdigest()
    return digits


def _hmac(key: bytes) -> tuple[Any, Any]:
    """Return the two hashes of an HMAC-SHA256 (RFC 2104): the message's, and the one around it."""
    block = (key if len(key) <= _BLOCK else sha256(key).digest()).ljust(_BLOCK, b"\0")
    return sha256(block.translate(_INNER)), sha256(block.translate(_OUTER))


def _long(body: bytes) -> Any:
    import hashlib  # noqa: PLC0415 - a check of one number has no long body

    return hashlib.sha256(body)


class _Prepared:
    """Everything in a request that does not depend on its body. It is valid for one second."""

    __slots__ = ("canonical", "credential", "head", "inner", "outer", "second", "target")

    def __init__(
        self,
        second: int,
        credential: Credential,
        target: str,
        *,
        canonical: Any,
        inner: Any,
        outer: Any,
        head: bytes,
    ) -> None:
        self.second = second
        self.credential = credential
        self.target = target
        self.canonical = canonical
        self.inner = inner
        self.outer = outer
        self.head = head
