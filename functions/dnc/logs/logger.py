"""Logging through Powertools. Log ids and masked numbers only, never a phone number or a name."""

import threading
from typing import TYPE_CHECKING

from dnc.logs.failures import failure

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    logger: Logger

__all__ = ["failure", "logger"]

_lock = threading.Lock()


def __getattr__(name: str) -> "Logger":
    """Create `logger` on first use, so that a cold start that logs nothing does not load Powertools."""
    if name != "logger":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from aws_lambda_powertools import Logger  # noqa: PLC0415 - loaded on first use

    with _lock:  # two loggers of the same name would write each line twice
        existing: Logger | None = globals().get("logger")
        if existing is None:
            globals()["logger"] = existing = Logger(service="nocall")
        return existing
