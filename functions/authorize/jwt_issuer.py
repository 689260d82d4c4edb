"""Verifies JWTs of the configured OIDC issuer (OpenID Connect Discovery 1.0, RFC 7519, RFC 8725)."""

import json
import urllib.request
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from dnc import times
from dnc.accounts.access import Caller, Role
from dnc.accounts.store import ACCOUNT_ID, Accounts
from dnc.problems import NotFound, Unauthenticated, Unavailable

_ALGORITHMS = {"RSA": ["RS256", "RS384", "RS512", "PS256"], "EC": ["ES256", "ES384"], "OKP": ["EdDSA"]}
"""The accepted signature algorithms by type of key (RFC 7518). A key never verifies another type's signature."""
_CLOCK_SKEW, _EXPIRY_SKEW = 60, 5
"""The tolerance in seconds: an issuer's clock may be ahead, but an expired token is accepted for hardly any longer."""
_TIMEOUT_SECONDS = 3


class Issuer:
    """An issuer whose keys are found through its discovery document and cached for five minutes."""

    def __init__(self, issuer: str, audience: str, account_claim: str, role_claim: str) -> None:
        """Take the issuer's URL, the audience its tokens must name, and the claims for the account and the role."""
        self._issuer = issuer
        self._audience = audience
        self._account_claim = account_claim
        self._role_claim = role_claim

    def authenticate(self, token: str, accounts: Accounts) -> tuple[Caller, str | None]:
        """Return the caller that a JWT identifies, and when the JWT expires.

        Raises Unauthenticated, and Unavailable without the issuer's keys.
        """
        claims = self._claims(token)
        try:
            role = Role(str(claims.get(self._role_claim)))
        except ValueError:
            raise Unauthenticated("The token does not name a role of this service.") from None
        person = str(claims["sub"])[:128]
        ends = times.text(datetime.fromtimestamp(int(claims["exp"]), UTC))
        if role is Role.OPERATOR:
            return Caller(f"user:{person}", role, None, person), ends
        account_id = str(claims.get(self._account_claim) or "")
        if not ACCOUNT_ID.fullmatch(account_id):
            raise Unauthenticated("The token does not name an account.")
        try:
            profile = accounts.profile(account_id)
        except NotFound:
            raise Unauthenticated("The token's account does not exist.") from None
        if profile.suspended and role is not Role.INTAKE:  # intake still adds, so that no opt-out is lost
            raise Unauthenticated("The account is suspended.")
        return Caller(f"user:{person}", role, account_id, person), ends

    def _claims(self, token: str) -> dict[str, Any]:
        import jwt  # noqa: PLC0415 - heavy, and not needed for a key

        try:
            key = self._keys.get_signing_key_from_jwt(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=_ALGORITHMS.get(str(key.key_type), []),
                issuer=self._issuer,
                audience=self._audience or None,
                leeway=_CLOCK_SKEW,
                options={"require": ["exp", "iss", "sub"], "verify_aud": bool(self._audience)},
            )
        except jwt.PyJWKClientConnectionError:
            raise Unavailable("The issuer's keys could not be read.") from None
        except jwt.PyJWTError:
            raise Unauthenticated("The token is invalid.") from None
        if int(claims["exp"]) + _EXPIRY_SKEW < times.now().timestamp():
            raise Unauthenticated("The token has expired.")
        return claims

    @cached_property
    def _keys(self) -> Any:
        import jwt  # noqa: PLC0415 - heavy, and not needed for a key

        url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 - the URL is the operator's
                document = json.load(response)
            return jwt.PyJWKClient(document["jwks_uri"], timeout=_TIMEOUT_SECONDS, lifespan=300)
        except (OSError, ValueError, KeyError):
            raise Unavailable("The issuer's discovery document could not be read.") from None
