"""How people sign in: with an API key, or with the OIDC issuer if one and a public client of it are configured."""

import json
import time
from collections.abc import Callable
from typing import Any

from dnc.logs import logger as logs
from dnc.settings import Settings

_TIMEOUT_SECONDS = 3
_CACHED_SECONDS = 300.0
_cached: dict[str, tuple[float, dict[str, Any]]] = {}


def sign_in_options(settings: Settings, clock: Callable[[], float] = time.monotonic) -> dict[str, Any]:
    """Return what the page needs to send a person to the issuer (OpenID Connect Discovery 1.0), or {} for keys only.

    If the issuer does not respond, the result is `{"unavailable": True}`. The page still loads, and keys work.
    """
    if not settings.oidc_issuer or not settings.oidc_client_id:
        return {}
    cached = _cached.get(settings.oidc_issuer)
    if cached and clock() - cached[0] < _CACHED_SECONDS:
        return cached[1]
    try:
        found = _discovered(settings)
    except (OSError, ValueError, KeyError) as failed:
        logs.logger.warning("the issuer's discovery document could not be read", extra=logs.failure(failed))
        return {"unavailable": True}
    _cached[settings.oidc_issuer] = (clock(), found)
    return found


def _discovered(settings: Settings) -> dict[str, Any]:
    import urllib.request  # noqa: PLC0415 - loaded only if an issuer is configured

    url = f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration"
    with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 - the URL is the operator's
        document = json.load(response)
    # An access token names the API as its audience. The ID token does so only if the client is the audience.
    client_is_audience = settings.oidc_audience == settings.oidc_client_id
    return {
        "authorization_endpoint": str(document["authorization_endpoint"]),
        "token_endpoint": str(document["token_endpoint"]),
        "client_id": settings.oidc_client_id,
        "audience": None if client_is_audience else settings.oidc_audience,
        "token": "id_token" if client_is_audience else "access_token",
    }
