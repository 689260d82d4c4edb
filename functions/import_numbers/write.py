"""A piece of an import, written or taken back."""

from typing import Any


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Work on one piece."""
    raise NotImplementedError(event["mode"])
