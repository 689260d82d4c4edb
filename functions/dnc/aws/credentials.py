"""A function's credential: from its environment, or from the container endpoint that SnapStart functions have.

The order and the names are those of the AWS SDKs. A container's credential is refreshed 10 minutes before it expires.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

from __future__ import annotations

import os
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_ENDPOINT = "http://169.254.170.2"
_TRUSTED_HOSTS = frozenset({"169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost"})
_FETCH_SECONDS = 2.0
_ATTEMPTS = 3
_REFRESH_SECONDS = 600.0
_MUST_REFRESH_SECONDS = 60.0


class CredentialUnavailable(Exception):
    """There is no credential. The message says what to set, and never contains a secret."""


class Credential:
    """The keys that sign a request. `token`: of a temporary credential, or empty; `ends`: epoch seconds or None."""

    __slots__ = ("access_key", "ends", "secret_key", "token")

    def __init__(self, access_key: str, secret_key: str, token: str = "", ends: float | None = None) -> None:
        """Store the parts."""
        self.access_key = access_key
        self.secret_key = secret_key
        self.token = token
        self.ends = ends


class Credentials:
    """The source of the current credential. Threads may share it."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """`environment`: by default the process's own. It and the token file are read on each fetch."""
        self._environment = os.environ if environment is None else environment
        self._known: Credential | None = None
        self._refreshing = threading.Lock()

    def now(self) -> Credential:
        """Return a credential that is valid now. Raises CredentialUnavailable."""
        known = self._known
        if known is not None and (known.ends is None or known.ends - time.time() > _REFRESH_SECONDS):
            return known
        return self._refreshed(known)

    def renew(self, refused: Credential) -> bool:
        """Forget a credential that AWS called expired; return whether another one can be fetched."""
        if refused.ends is None:
            return False
        if self._known is refused:
            self._known = None
        return True

    def _refreshed(self, known: Credential | None) -> Credential:
        left = known.ends - time.time() if known and known.ends is not None else 0.0
        # While the old one is still valid, one thread fetches and the others continue with it.
        if not self._refreshing.acquire(blocking=left < _MUST_REFRESH_SECONDS) and known is not None:
            return known
        try:
            if self._known is not known and self._known is not None:
                return self._known
            try:
                self._known = self._loaded()
            except CredentialUnavailable:
                if known is None or left <= 0:
                    raise
                return known
            return self._known
        finally:
            self._refreshing.release()

    def _loaded(self) -> Credential:
        environment = self._environment
        access_key, secret_key = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
        if access_key and secret_key:
            return Credential(access_key, secret_key, environment.get("AWS_SESSION_TOKEN") or "")
        relative = environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        url = f"{_ENDPOINT}{relative}" if relative else environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        if not url:
            raise CredentialUnavailable(
                "no credential: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_CONTAINER_CREDENTIALS_FULL_URI "
                "(AWS Lambda sets one or the other)"
            )
        return _fetched(url, self._authorization())

    def _authorization(self) -> str:
        file = self._environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        if file:
            try:
                with open(file, encoding="utf-8") as opened:  # noqa: PTH123 - nothing else here needs pathlib
                    token = opened.read()
            except OSError as unread:
                raise CredentialUnavailable(
                    f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE could not be read: {unread.strerror}"
                ) from None
        else:
            token = self._environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
        if "\r" in token or "\n" in token:
            raise CredentialUnavailable("the container endpoint's authorization token contains a line break")
        return token


def _fetched(url: str, authorization: str) -> Credential:
    # Only SnapStart and containers get here; a credential from the environment loads none of these.
    import http.client  # noqa: PLC0415
    import json  # noqa: PLC0415
    from datetime import datetime  # noqa: PLC0415
    from urllib.parse import urlsplit  # noqa: PLC0415

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CredentialUnavailable("AWS_CONTAINER_CREDENTIALS_FULL_URI is not an http or https URL")
    if parts.scheme == "http" and not _may_be_plain(parts.hostname):
        raise CredentialUnavailable(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI is plain http to a host that is neither this machine nor AWS's endpoint"
        )
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    headers = {"Accept": "application/json", **({"Authorization": authorization} if authorization else {})}
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    why = ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(0.1 * 2**attempt)
        connection = kind(parts.hostname, parts.port, timeout=_FETCH_SECONDS)
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                why = f"it answered {response.status}"
                continue
            fields = json.loads(body)
            ends = datetime.fromisoformat(fields["Expiration"]).timestamp()
            return Credential(str(fields["AccessKeyId"]), str(fields["SecretAccessKey"]), str(fields["Token"]), ends)
        except (OSError, http.client.HTTPException) as failed:
            why = type(failed).__name__
        except (ValueError, KeyError, TypeError, AttributeError):
            why = "its response is not a credential"
        finally:
            connection.close()
    raise CredentialUnavailable(f"the container credentials endpoint returned none: {why}")


def _may_be_plain(host: str) -> bool:
    import ipaddress  # noqa: PLC0415 - as above

    if host in _TRUSTED_HOSTS:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
