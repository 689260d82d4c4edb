"""How people sign in: with a key, and with the OIDC issuer where one and a public client of it are configured."""

import json
import time
from collections.abc import Callable
from typing import Any

from dnc.logs import logger as logs
from dnc.settings import Settings

_SECONDS = 3
_KEPT_SECONDS = 300.0
_kept: dict[str, tuple[float, dict[str, Any]]] = {}


def way_in(settings: Settings, clock: Callable[[], float] = time.monotonic) -> dict[str, Any]:
    """Give what the page needs to send a person to the issuer (OpenID Connect Discovery 1.0); empty for keys alone.

    When the issuer does not answer, `unavailable` says so: the page is there all the same, and keys work.
    """
    if not settings.oidc_issuer or not settings.oidc_client_id:
        return {}
    kept = _kept.get(settings.oidc_issuer)
    if kept and clock() - kept[0] < _KEPT_SECONDS:
        return kept[1]
    try:
        found = _discovered(settings)
    except (OSError, ValueError, KeyError) as failed:
        logs.logger.warning("the issuer's discovery document could not be read", extra=logs.failure(failed))
        return {"unavailable": True}
    _kept[settings.oidc_issuer] = (clock(), found)
    return found


def _discovered(settings: Settings) -> dict[str, Any]:
    import urllib.request  # noqa: PLC0415 - where nobody signs in with an issuer, nobody pays for it

    url = f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration"
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - the URL is the operator's
        document = json.load(answer)
    # An access token names the API as its audience; only where the client is the audience does the ID token.
    client_is_audience = settings.oidc_audience == settings.oidc_client_id
    return {
        "authorization_endpoint": str(document["authorization_endpoint"]),
        "token_endpoint": str(document["token_endpoint"]),
        "client_id": settings.oidc_client_id,
        "audience": None if client_is_audience else settings.oidc_audience,
        "token": "id_token" if client_is_audience else "access_token",
    }
