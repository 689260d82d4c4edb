"""Page tokens: opaque, bound to the account and the filters they were given for.

A token carries the key where the next page begins and a digest over it, the account and the filters. The account is
never taken from a token, so a digest is enough: who forges one reads a page of their own list.
"""

import base64
import binascii
import hashlib
import json
from typing import Any

from dnc.problems import InvalidRequest

_DIGEST_BYTES = 16


def token(account_id: str, filters: dict[str, Any], key: str) -> str:
    """Give the token of the page that follows `key`."""
    raw = _digest(account_id, filters, key) + key.encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def key_of(account_id: str, filters: dict[str, Any], given: str | None) -> str | None:
    """Read the key out of a token; None when there is no token.

    Raises InvalidRequest when it was altered by so much as a character, or given for another account or other filters.
    """
    if given is None:
        return None
    refused = InvalidRequest.of("page_token", "was not given for this list and these filters; begin without it")
    try:
        raw = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
        key = raw[_DIGEST_BYTES:].decode()
    except (binascii.Error, ValueError):
        raise refused from None
    if not key or token(account_id, filters, key) != given:
        raise refused
    return key


def _digest(account_id: str, filters: dict[str, Any], key: str) -> bytes:
    bound = json.dumps([account_id, filters, key], sort_keys=True, default=str)
    return hashlib.sha256(bound.encode()).digest()[:_DIGEST_BYTES]
