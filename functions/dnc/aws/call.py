"""One call of an AWS service that speaks JSON over HTTP, over as many attempts as it may take.

What is repeated: throttling, 5xx, a time-out, a connection that broke and an answer that is not whole, up to four times
as botocore's standard retries do, with full jitter. A clock that is off and a credential that has ended are set right
once. An answer that is odd in any way (no JSON object, another checksum) never gets out.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
import zlib

from dnc.aws.connections import Answer, BadAnswer, Connection, Connections
from dnc.aws.credentials import Credential, Credentials, CredentialUnavailable
from dnc.aws.errors import THROTTLING, TRY_AGAIN, AwsError, NoAnswer
from dnc.aws.sigv4 import JSON_1_0, Signer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Self

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 3.0
ATTEMPTS = 4
_BASE_SECONDS, _THROTTLED_SECONDS, _CAP_SECONDS = 0.025, 0.1, 1.0
_SKEWED = frozenset({"InvalidSignatureException", "RequestExpired", "RequestTimeTooSkewed"})
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
_SKEW_SECONDS = 60.0
_BINARY = re.compile(rb'(?<!\\)"(?:B":\s*"|BS":\s*\[)')
"""A value of a binary type; an attribute that is merely called B holds an object, and in a text quotes are escaped."""


_decode = json.JSONDecoder().decode


def _loads(body: bytes) -> Any:
    """Read JSON in UTF-8, without looking what other encoding it might have. Raises ValueError."""
    return _decode(body.decode())


class Endpoint:
    """One endpoint of one service, and what its calls share. `skew`: seconds by which AWS's clock is ahead."""

    def __init__(
        self,
        url: str,
        region: str,
        service: str,
        credentials: Credentials,
        *,
        connect_seconds: float,
        answer_seconds: float,
        attempts: int,
        loads: Callable[[bytes], Any],
        content_type: str = JSON_1_0,
    ) -> None:
        """`url`: scheme, host and perhaps a port; `loads`: reads JSON. Raises ValueError for another form of URL."""
        scheme, host, port = _parts(url)
        usual = port == (443 if scheme == "https" else 80)
        self.signer = Signer(host if usual else f"{host}:{port}", region, service, content_type)
        self.connections = Connections(scheme, host.strip("[]"), port, connect_seconds, answer_seconds)
        self.credentials = credentials
        self.attempts = attempts
        self.loads = loads
        self.skew = 0.0


class Client:
    """One service at one endpoint; threads may share it. The services are its subclasses."""

    SERVICE = ""
    """As in the service's host name and in a signature's scope."""
    TARGET = ""
    """What stands before an operation's name in X-Amz-Target."""
    VARIABLE = ""
    """Of the environment: the service's own endpoint, as boto3 names it."""
    CONTENT_TYPE = JSON_1_0

    def __init__(
        self,
        endpoint: str,
        region: str,
        credentials: Credentials,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
        attempts: int = ATTEMPTS,
        loads: Callable[[bytes], Any] = _loads,
    ) -> None:
        """`endpoint`: scheme, host and port; `loads`: reads JSON, for workers that bring a faster one."""
        self._endpoint = Endpoint(
            endpoint,
            region,
            self.SERVICE,
            credentials,
            connect_seconds=connect_seconds,
            answer_seconds=answer_seconds,
            attempts=attempts,
            loads=loads,
            content_type=self.CONTENT_TYPE,
        )

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None, **more: Any) -> Self:
        """Make the client of this process's Region. Raises KeyError that names what is missing."""
        given = os.environ if environment is None else environment
        region = given.get("AWS_REGION") or given.get("AWS_DEFAULT_REGION")
        if not region:
            raise KeyError("set AWS_REGION or AWS_DEFAULT_REGION")
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        endpoint = (
            given.get(cls.VARIABLE) or given.get("AWS_ENDPOINT_URL") or f"https://{cls.SERVICE}.{region}.{suffix}"
        )
        return cls(endpoint, region, Credentials(given), **more)

    def warm(self) -> None:
        """Open a connection while nobody waits yet. That it fails now says nothing of later."""
        connections = self._endpoint.connections
        with contextlib.suppress(OSError):
            connections.give_back(connections.take(new=True))

    def close(self) -> None:
        """Close the kept connections; the next call opens a new one."""
        self._endpoint.connections.forget_idle()

    def call(self, operation: str, asked: Mapping[str, Any] | bytes) -> dict[str, Any]:
        """Call an operation of the service's API by its name. `asked`: boto3's arguments, or the same written as JSON.

        Raises AwsError for an error that the service answers, NoAnswer when it does not; TypeError for a binary value.
        """
        return Call(self._endpoint, self.TARGET + operation, encoded(asked)).result()


class Call:
    """One call, over as many attempts as it may take."""

    __slots__ = ("_answer", "_attempt", "_body", "_connection", "_credential", "_endpoint", "_mended", "_target")

    def __init__(self, endpoint: Endpoint, target: str, body: bytes) -> None:
        """`target`: the X-Amz-Target header; `body`: JSON."""
        self._endpoint = endpoint
        self._target = target
        self._body = body
        self._attempt = 1
        self._mended: tuple[str, ...] = ()
        self._connection: Connection | None = None
        self._credential: Credential | None = None

    def begin(self) -> None:
        """Send the request, if that works at once; if not, `result` sees to it."""
        try:
            self._send(new=False)
        except (OSError, CredentialUnavailable):
            self.abandon()

    def abandon(self) -> None:
        """Close the connection on which an answer is still due."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def result(self) -> dict[str, Any]:
        """Give the answer. Raises AwsError and NoAnswer."""
        while True:
            try:
                answer = self._exchanged()
                if answer.status == 200:
                    return self._read(answer)
                failed = self._error(answer)
            except (OSError, BadAnswer) as broken:
                self._wait_after(broken)
            except CredentialUnavailable as missing:
                raise NoAnswer(str(missing)) from None
            else:
                if self._mend(failed, answer):
                    continue
                if failed.code not in TRY_AGAIN and failed.status < 500:
                    raise failed
                self._wait_after(failed)

    def _exchanged(self) -> Answer:
        new = False
        while True:
            try:
                if self._connection is None:
                    self._send(new=new)
                return self._received()
            except OSError as broken:
                used = self._connection.used if self._connection else 0.0
                self.abandon()
                # A kept connection that the other side closed meanwhile is no failure: go on with a new one, once.
                if not used or isinstance(broken, TimeoutError):
                    raise
                self._endpoint.connections.forget_idle(until=used)
                new = True
            except BaseException:
                self.abandon()
                raise

    def _send(self, *, new: bool) -> None:
        endpoint = self._endpoint
        self._credential = endpoint.credentials.now()
        request = endpoint.signer.request(self._credential, self._target, self._body, time.time() + endpoint.skew)
        self._connection = endpoint.connections.take(new=new)
        self._connection.send(request)

    def _received(self) -> Answer:
        connection = self._connection
        assert connection is not None  # noqa: S101 - _exchanged has just seen to it
        answer = connection.receive()
        self._connection = None
        self._endpoint.connections.give_back(connection)
        checksum = answer.header(b"x-amz-crc32")
        if checksum and checksum != str(zlib.crc32(answer.body)):
            raise BadAnswer("its checksum is another")
        return answer

    def _read(self, answer: Answer) -> dict[str, Any]:
        body = answer.body
        if (b'"B":' in body or b'"BS":' in body) and _BINARY.search(body):
            raise TypeError("the answer holds a binary value, which this client does not read")
        try:
            told = self._endpoint.loads(body)
        except ValueError:
            raise BadAnswer("it is not JSON") from None
        if type(told) is not dict:
            raise BadAnswer("it is not a JSON object")
        return told

    def _error(self, answer: Answer) -> AwsError:
        try:
            told = json.loads(answer.body)
        except ValueError:
            told = None
        if not isinstance(told, dict):
            told = {}
        code = str(told.pop("__type", "") or told.pop("code", "") or answer.status).rpartition("#")[2]
        message = told.pop("message", None) or told.pop("Message", None) or ""
        metadata = {
            "HTTPStatusCode": answer.status,
            "RequestId": answer.header(b"x-amzn-requestid"),
            "RetryAttempts": self._attempt - 1,
        }
        return AwsError({**told, "Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata})

    def _mend(self, failed: AwsError, answer: Answer) -> bool:
        """Set right a clock that is off or a credential that has ended, once each; tells whether to try again."""
        if failed.code in _EXPIRED and "credential" not in self._mended:
            self._mended += ("credential",)
            return bool(self._credential and self._endpoint.credentials.renew(self._credential))
        if failed.code in _SKEWED and "clock" not in self._mended:
            self._mended += ("clock",)
            theirs = _date(answer.header(b"date"))
            if theirs is not None and abs(theirs - time.time() - self._endpoint.skew) > _SKEW_SECONDS:
                self._endpoint.skew = theirs - time.time()
                return True
        return False

    def _wait_after(self, failed: Exception) -> None:
        """Wait before the next attempt, a random part of a span that doubles; after the last one, raise."""
        if self._attempt >= self._endpoint.attempts:
            if isinstance(failed, AwsError):
                raise failed
            raise NoAnswer(f"{self._target}: {type(failed).__name__}") from None
        slow = isinstance(failed, AwsError) and failed.code in THROTTLING
        span = min(_CAP_SECONDS, (_THROTTLED_SECONDS if slow else _BASE_SECONDS) * 2 ** (self._attempt - 1))
        self._attempt += 1
        # From the system, not from a generator: functions restored from one snapshot must not wait in step.
        time.sleep(span * int.from_bytes(os.urandom(4)) / 2**32)


def encoded(asked: Mapping[str, Any] | bytes) -> bytes:
    """Write a request as JSON, or take one that is written. Raises TypeError for what JSON has no form of."""
    return asked if isinstance(asked, bytes) else _encode(asked).encode()


def _refuse(value: object) -> object:
    raise TypeError(f"{type(value).__name__} is not taken: rows go in DynamoDB's typed form, without binary values")


_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False, default=_refuse).encode


def _parts(endpoint: str) -> tuple[str, str, int]:
    scheme, separator, rest = endpoint.rstrip("/").partition("://")
    host, colon, port = rest.rpartition(":")
    if not colon or rest.endswith("]"):
        host, port = rest, "443" if scheme == "https" else "80"
    if not separator or scheme not in ("http", "https") or not host or not port.isdecimal() or "/" in rest:
        raise ValueError("an endpoint is http:// or https://, a host and perhaps a port, and nothing more")
    return scheme, host, int(port)


def _date(written: str) -> float | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - for a clock that is off alone

    try:
        return parsedate_to_datetime(written).timestamp()
    except ValueError:
        return None
