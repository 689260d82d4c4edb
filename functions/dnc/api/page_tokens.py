"""Page tokens: opaque, and bound to an account and its filters.

A token holds the key after which the next page begins, and a digest over that key, the account and the filters. The
account is never taken from a token, so a digest is sufficient: anyone who forges one reads a page of their own list.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from typing import Any

from dnc import times
from dnc.problems import InvalidRequest

_DIGEST_BYTES = 16
_LONGEST_KEY = 256

type IsKey = Callable[[str], bool]


def token(account_id: str, filters: dict[str, Any], key: str) -> str:
    """Return the token of the page that follows `key`."""
    raw = _digest(account_id, filters, key) + key.encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def key_of(account_id: str, filters: dict[str, Any], written: str | None, is_key: IsKey = bool) -> str | None:
    """Read the key from a token, or None without a token. `is_key`: returns whether a text can be a key of the list.

    Raises InvalidRequest if the token was altered or forged, or belongs to another account or to other filters.
    """
    if written is None:
        return None
    refused = InvalidRequest.of("page_token", "is not a token for this list and these filters; start again without it")
    try:
        raw = base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True)
        key = raw[_DIGEST_BYTES:].decode()
    except (binascii.Error, ValueError):
        raise refused from None
    if len(key) > _LONGEST_KEY or not key or not is_key(key) or token(account_id, filters, key) != written:
        raise refused
    return key


def is_position(key: str) -> bool:
    """Return whether a key is a position in a list, from 0."""
    return key.isascii() and key.isdecimal() and len(key) < 10


def is_moment(key: str) -> bool:
    """Return whether a key begins with a time, as the keys of recorded events do."""
    try:
        return times.text(times.parse(key[:24])) == key[:24]
    except ValueError:
        return False


def _digest(account_id: str, filters: dict[str, Any], key: str) -> bytes:
    bound = json.dumps([account_id, filters, key], sort_keys=True, default=str)
    return hashlib.sha256(bound.encode()).digest()[:_DIGEST_BYTES]
