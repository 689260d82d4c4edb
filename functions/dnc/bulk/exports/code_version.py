"""The version of the code that made an export: the release, and a digest of the source that ran."""

import hashlib
from functools import cache
from pathlib import Path

RELEASE = "0.1.0"
_ROOT = Path(__file__).resolve().parents[3]


@cache
def code_version() -> str:
    """Return the release and the first 16 hex digits of the SHA-256 over the domain's and the exporter's files."""
    digest = hashlib.sha256()
    for folder in ("dnc", "export_account"):
        for file in sorted((_ROOT / folder).rglob("*.py")):
            digest.update(f"{file.relative_to(_ROOT)}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return f"{RELEASE}+{digest.hexdigest()[:16]}"
