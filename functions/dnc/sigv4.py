"""AWS Signature Version 4 for JSON requests, as bytes of HTTP/1.1.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. A service's requests differ
in operation, body, time and credential alone, so the rest is laid out once and the signing key is kept for its day.
"""

from __future__ import annotations

import hmac
import time
from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dnc.credentials import Credential

CONTENT_TYPE = "application/x-amz-json-1.0"
_ALGORITHM = "AWS4-HMAC-SHA256"


class Signer:
    """Writes signed requests to one endpoint of one service."""

    def __init__(self, host: str, region: str, service: str) -> None:
        """`host`: as the Host header has it, with its port unless that is the scheme's own; `region`: of AWS."""
        self._host = host
        self._region = region
        self._service = service
        self._key: tuple[str, str, bytes] = ("", "", b"")
        self._stamp: tuple[int, str] = (0, "")

    def request(self, credential: Credential, target: str, body: bytes, now: float) -> bytes:
        """Write a signed POST. `target`: the X-Amz-Target header; `now`: epoch seconds by AWS's clock."""
        stamp = self._stamped(int(now))
        token = credential.token
        secured = f"x-amz-security-token:{token}\n" if token else ""
        signed = f"content-type;host;x-amz-date;{'x-amz-security-token;' if token else ''}x-amz-target"
        canonical = (
            f"POST\n/\n\ncontent-type:{CONTENT_TYPE}\nhost:{self._host}\nx-amz-date:{stamp}\n{secured}"
            f"x-amz-target:{target}\n\n{signed}\n{sha256(body).hexdigest()}"
        )
        day = stamp[:8]
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._key_of(credential.secret_key, day), to_sign.encode(), "sha256").hex()
        return (
            f"POST / HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: {CONTENT_TYPE}\r\nX-Amz-Date: {stamp}\r\n"
            f"{f'X-Amz-Security-Token: {token}\r\n' if token else ''}X-Amz-Target: {target}\r\n"
            f"Authorization: {_ALGORITHM} Credential={credential.access_key}/{scope}, SignedHeaders={signed}, "
            f"Signature={signature}\r\nContent-Length: {len(body)}\r\nAccept-Encoding: identity\r\n"
            "User-Agent: nocall\r\n\r\n"
        ).encode() + body

    def _stamped(self, second: int) -> str:
        known, stamp = self._stamp
        if known != second:
            stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
            self._stamp = (second, stamp)
        return stamp

    def _key_of(self, secret: str, day: str) -> bytes:
        # One assignment of one tuple: threads may compute it twice, but none reads half of another's.
        known, of_day, key = self._key
        if known != secret or of_day != day:
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key = (secret, day, key)
        return key
