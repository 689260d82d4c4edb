"""API tokens: `nck_{account_id}.{key_id}.{secret}{checksum}`, or `nck__platform.…` for an operator.

No character of a token has a special meaning in a shell, a `.env` file or a URL. Only the SHA-256 of the secret is
stored. The checksum lets a mistyped token be rejected without a read.
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass

from dnc.problems import Unauthenticated

PLATFORM = "#platform"
"""The partition of operators' keys, which belong to no account."""
_WRITTEN_PLATFORM = "_platform"
"""How tokens name that partition: no account id begins with an underscore. Older tokens have the `#`."""
_TOKEN = re.compile(
    r"nck_([_#]platform|[a-z0-9][a-z0-9-]{1,62})\.([0-9A-Za-z]{12})\.([0-9A-Za-z]{43})([0-9A-Za-z]{6})", re.ASCII
)
_LETTERS = string.digits + string.ascii_letters


@dataclass(frozen=True, slots=True)
class Token:
    """The parts of a token."""

    partition: str
    key_id: str
    secret: str

    def __str__(self) -> str:
        """Return the token with its checksum."""
        partition = _WRITTEN_PLATFORM if self.partition == PLATFORM else self.partition
        body = f"nck_{partition}.{self.key_id}.{self.secret}"
        return body + _checksum(body)

    @property
    def hashed(self) -> str:
        """Return the stored form of the secret. 43 random letters need neither a salt nor a slow hash."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the whole token, by which it can be remembered without storing it."""
        return hashlib.sha256(str(self).encode()).hexdigest()

    @classmethod
    def new(cls, partition: str) -> "Token":
        """Create a token whose secret has 256 random bits."""
        return cls(partition, _random(12), _random(43))

    @classmethod
    def read(cls, written: str) -> "Token":
        """Read a token. Raises Unauthenticated if it is not a token or was mistyped."""
        match = _TOKEN.fullmatch(written)
        if not match or not hmac.compare_digest(_checksum(written[:-6]), match[4]):
            raise Unauthenticated("The key is not a Nocall key, or it was mistyped or cut off.")
        return cls(PLATFORM if match[1] == _WRITTEN_PLATFORM else match[1], match[2], match[3])


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _checksum(text: str) -> str:
    value = zlib.crc32(text.encode())
    digits = ""
    for _ in range(6):
        value, digit = divmod(value, len(_LETTERS))
        digits = _LETTERS[digit] + digits
    return digits
