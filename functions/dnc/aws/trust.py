"""TLS trust. Certificates are always verified, names included; no setting turns that off.

AWS's own hosts are verified against Amazon's five roots, which take 1 ms to load; the system's hundred-odd take 14 ms.
Any other host, and any chain that the five do not verify, is checked against the system's store. AWS_CA_BUNDLE replaces
both.
`amazon_roots.pem` is generated from certifi's bundle, and `make check` compares them.
https://docs.aws.amazon.com/general/latest/gr/aws-general.html (TLS: "trust all five Amazon root CAs")
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl

AMAZON_ROOTS = os.path.join(os.path.dirname(__file__), "amazon_roots.pem")  # noqa: PTH118, PTH120 - no pathlib here
_AMAZON_HOSTS = (".amazonaws.com", ".api.aws")


class Trust:
    """The TLS context of one host."""

    def __init__(self, host: str) -> None:
        """`host`: the DNS name that the certificate must cover."""
        self._bundle = os.environ.get("AWS_CA_BUNDLE") or ""
        # Without the file, connecting is slower but still works.
        self._small = not self._bundle and host.endswith(_AMAZON_HOSTS) and os.path.exists(AMAZON_ROOTS)  # noqa: PTH110
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """Return the context to connect with."""
        if self._context is None:
            self._context = self._made()
        return self._context

    def widen(self) -> bool:
        """Switch to the system's store after the five roots have failed; return whether that changes anything."""
        if not self._small:
            return False
        self._small = False
        self._context = None
        return True

    def _made(self) -> ssl.SSLContext:
        import ssl  # noqa: PLC0415 - plain http, as on a laptop, does without

        if self._small or self._bundle:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(cafile=AMAZON_ROOTS if self._small else self._bundle)
        else:
            context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context
