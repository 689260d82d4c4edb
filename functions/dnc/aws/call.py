"""One call of an AWS service that speaks JSON over HTTP, with retries.

Throttling, 5xx, timeouts, broken connections and incomplete responses are retried with full jitter, until the
invocation's deadline, for up to four attempts in all as in botocore's standard mode. A skewed clock and an expired
credential are corrected once. A response that is wrong in any way (not a JSON object, a wrong checksum, another
request's id) is never returned.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import zlib

from dnc.aws import deadline, endpoints
from dnc.aws.attempts import pause
from dnc.aws.connections import BadResponse, Connection, Connections, Response
from dnc.aws.credentials import Credential, Credentials, CredentialUnavailable
from dnc.aws.errors import EXPIRED, SKEWED, THROTTLING, TRY_AGAIN, AwsError, NoResponse
from dnc.aws.sigv4 import JSON_1_0, Signer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Self

CONNECT_SECONDS = 1.0
RESPONSE_SECONDS = 3.0
ATTEMPTS = 4
_BASE_SECONDS, _THROTTLED_SECONDS, _CAP_SECONDS = 0.025, 0.1, 1.0
_SKEW_SECONDS = 60.0

_decode = json.JSONDecoder().decode


def _loads(body: bytes) -> Any:
    """Read JSON in UTF-8, without trying other encodings. Raises ValueError."""
    return _decode(body.decode())


class Endpoint:
    """One endpoint of one service, and the state its calls share. `skew`: seconds by which AWS's clock is ahead."""

    def __init__(
        self,
        url: str,
        region: str,
        service: str,
        credentials: Credentials,
        *,
        connect_seconds: float,
        response_seconds: float,
        attempts: int,
        loads: Callable[[bytes], Any],
        content_type: str = JSON_1_0,
    ) -> None:
        """`url`: scheme, host and optional port; `loads`: reads JSON. Raises ValueError for any other form of URL."""
        scheme, host, port = _parts(url)
        is_default = port == (443 if scheme == "https" else 80)
        self.signer = Signer(host if is_default else f"{host}:{port}", region, service, content_type)
        self.connections = Connections(scheme, host.strip("[]"), port, connect_seconds, response_seconds)
        self.credentials = credentials
        self.attempts = attempts
        self.loads = loads
        self.skew = 0.0


class Client:
    """A client of one service at one endpoint; threads may share it. Each service is a subclass."""

    SERVICE = ""
    """The service's name in its host name and in a signature's scope."""
    TARGET = ""
    """The prefix of an operation's name in X-Amz-Target."""
    VARIABLE = ""
    """The environment variable with the service's own endpoint, as boto3 names it."""
    CONTENT_TYPE = JSON_1_0

    def __init__(
        self,
        endpoint: str,
        region: str,
        credentials: Credentials,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        response_seconds: float = RESPONSE_SECONDS,
        attempts: int = ATTEMPTS,
        loads: Callable[[bytes], Any] = _loads,
    ) -> None:
        """`endpoint`: scheme, host and port; `loads`: reads JSON, for workers that have a faster reader."""
        self._endpoint = Endpoint(
            endpoint,
            region,
            self.SERVICE,
            credentials,
            connect_seconds=connect_seconds,
            response_seconds=response_seconds,
            attempts=attempts,
            loads=loads,
            content_type=self.CONTENT_TYPE,
        )

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None, **more: Any) -> Self:
        """Return a client for this process's Region. Raises KeyError or ValueError, naming the variable."""
        variables = os.environ if environment is None else environment
        region = endpoints.region_of(variables)
        return cls(endpoints.url(cls.SERVICE, cls.VARIABLE, variables), region, Credentials(variables), **more)

    def warm(self) -> None:
        """Open a connection before the first request. A failure here is ignored: the request tries again."""
        connections = self._endpoint.connections
        with contextlib.suppress(OSError):
            connections.give_back(connections.take(new=True))

    def close(self) -> None:
        """Close the idle connections. The next call opens a new one."""
        self._endpoint.connections.forget_idle()

    def call(self, operation: str, request: Mapping[str, Any] | bytes) -> dict[str, Any]:
        """Call an operation of the service's API. `request`: boto3's arguments, or the same as JSON.

        Raises AwsError for an error response and NoResponse if there is none; TypeError for a value JSON cannot hold.
        """
        return Call(self._endpoint, self.TARGET + operation, encoded(request)).result()


class Call:
    """One call with its retries."""

    __slots__ = ("_attempt", "_body", "_connection", "_corrected", "_credential", "_endpoint", "_target")

    def __init__(self, endpoint: Endpoint, target: str, body: bytes) -> None:
        """`target`: the X-Amz-Target header; `body`: JSON."""
        self._endpoint = endpoint
        self._target = target
        self._body = body
        self._attempt = 1
        self._corrected: tuple[str, ...] = ()
        self._connection: Connection | None = None
        self._credential: Credential | None = None

    def begin(self) -> None:
        """Send the request. If that fails, `result` sends it again."""
        try:
            self._send(new=False)
        except (OSError, CredentialUnavailable):
            self.abandon()

    def abandon(self) -> None:
        """Close the connection if a response is still due on it."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def result(self) -> dict[str, Any]:
        """Return the response's JSON object. Raises AwsError and NoResponse."""
        while True:
            try:
                response = self._exchanged()
                if response.status == 200:
                    return self._read(response)
                failed = self._error(response)
            except (OSError, BadResponse) as broken:
                self._wait_after(broken)
            except CredentialUnavailable as missing:
                raise NoResponse(str(missing)) from None
            else:
                if self._correct(failed, response):
                    continue
                if failed.code not in TRY_AGAIN and failed.status < 500:
                    raise failed
                self._wait_after(failed)

    def _exchanged(self) -> Response:
        new = False
        while True:
            try:
                if self._connection is None:
                    self._send(new=new)
                return self._received()
            except OSError as broken:
                used = self._connection.used if self._connection else 0.0
                self.abandon()
                if isinstance(broken, TimeoutError):
                    self._endpoint.connections.forget_idle()
                    raise
                # An idle connection that the other side has closed is not a failure: use a new one, once.
                if not used:
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

    def _received(self) -> Response:
        connection = self._connection
        assert connection is not None  # noqa: S101 - _exchanged has just set it
        response = connection.receive()
        checksum = response.header(b"x-amz-crc32")
        if checksum and checksum != str(zlib.crc32(response.body)):
            raise BadResponse("its checksum does not match")
        connection.claim(response.header(b"x-amzn-requestid"))
        self._connection = None
        self._endpoint.connections.give_back(connection)
        return response

    def _read(self, response: Response) -> dict[str, Any]:
        try:
            body = self._endpoint.loads(response.body)
        except ValueError:
            raise BadResponse("it is not JSON") from None
        if type(body) is not dict:
            raise BadResponse("it is not a JSON object")
        return body

    def _error(self, response: Response) -> AwsError:
        try:
            body = json.loads(response.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            body = {}
        code = str(body.pop("__type", "") or body.pop("code", "") or response.status).rpartition("#")[2]
        message = body.pop("message", None) or body.pop("Message", None) or ""
        metadata = {
            "HTTPStatusCode": response.status,
            "RequestId": response.header(b"x-amzn-requestid"),
            "RetryAttempts": self._attempt - 1,
        }
        return AwsError({**body, "Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata})

    def _correct(self, failed: AwsError, response: Response) -> bool:
        """Correct a skewed clock or an expired credential, once each; return whether to try again."""
        if failed.code in EXPIRED and "credential" not in self._corrected:
            self._corrected += ("credential",)
            return bool(self._credential and self._endpoint.credentials.renew(self._credential))
        if failed.code in SKEWED and "clock" not in self._corrected:
            self._corrected += ("clock",)
            theirs = _date(response.header(b"date"))
            if theirs is not None and abs(theirs - time.time() - self._endpoint.skew) > _SKEW_SECONDS:
                self._endpoint.skew = theirs - time.time()
                return True
        return False

    def _wait_after(self, failed: Exception) -> None:
        """Wait before the next attempt, a random part of a span that doubles. Raise after the last one."""
        slow = isinstance(failed, AwsError) and failed.code in THROTTLING
        span = min(_CAP_SECONDS, (_THROTTLED_SECONDS if slow else _BASE_SECONDS) * 2 ** (self._attempt - 1))
        if self._attempt >= self._endpoint.attempts or deadline.left() < span:
            if isinstance(failed, AwsError):
                raise failed
            raise NoResponse(f"{self._target}: {type(failed).__name__}") from None
        self._attempt += 1
        pause(span)


def encoded(request: Mapping[str, Any] | bytes) -> bytes:
    """Return a request as JSON. Raises TypeError for a value that JSON cannot hold."""
    return request if isinstance(request, bytes) else _encode(request).encode()


def _refuse(value: object) -> object:
    raise TypeError(f"{type(value).__name__} has no JSON form: rows are sent in DynamoDB's typed form")


_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False, default=_refuse).encode


def _parts(endpoint: str) -> tuple[str, str, int]:
    scheme, separator, rest = endpoint.rstrip("/").partition("://")
    host, colon, port = rest.rpartition(":")
    if not colon or rest.endswith("]"):
        host, port = rest, "443" if scheme == "https" else "80"
    if not separator or scheme not in ("http", "https") or not host or not port.isdecimal() or "/" in rest:
        raise ValueError("an endpoint is http:// or https://, a host, optionally a port, and nothing else")
    return scheme, host, int(port)


def _date(written: str) -> float | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - only needed if the clock is skewed

    try:
        return parsedate_to_datetime(written).timestamp()
    except ValueError:
        return None
