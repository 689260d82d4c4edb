"""Amazon's five root certificates, extracted by subject from certifi's bundle (Mozilla's store).

The list comes from https://www.amazontrust.com/repository/: Amazon Root CA 1 to 4 and Starfield Services Root G2.
"""

import re
from pathlib import Path

import certifi

from infra.generate import openapi

FILE = openapi.ROOT / "functions" / "dnc" / "aws" / "amazon_roots.pem"
SUBJECTS = (
    "CN=Amazon Root CA 1 O=Amazon",
    "CN=Amazon Root CA 2 O=Amazon",
    "CN=Amazon Root CA 3 O=Amazon",
    "CN=Amazon Root CA 4 O=Amazon",
    "CN=Starfield Services Root Certificate Authority - G2 O=Starfield Technologies, Inc.",
)
_ENTRY = re.compile(
    r"^# Subject: (?P<subject>[^\n]+)\n(?:#[^\n]*\n)*"
    r"(?P<pem>-----BEGIN CERTIFICATE-----\n.+?-----END CERTIFICATE-----)\n",
    re.MULTILINE | re.DOTALL,
)


def written() -> str:
    """Return the file's text. Raises KeyError with the subject of a root that certifi's bundle lacks."""
    bundle = Path(certifi.where()).read_text(encoding="ascii")
    found = {entry["subject"]: entry["pem"] for entry in _ENTRY.finditer(bundle)}
    return "".join(f"# {subject}\n{found[subject]}\n" for subject in SUBJECTS)
