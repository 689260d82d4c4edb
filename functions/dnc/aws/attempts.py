"""Attempts that are a little and randomly apart: of many who write or read the same, each gets its turn."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST_SECONDS, _GROWTH, _LONGEST_SECONDS = 0.01, 1.5, 0.25


def attempts(patience: float) -> Iterator[None]:
    """Give attempts until `patience` (seconds) ends; the first comes at once."""
    deadline = time.monotonic() + patience
    wait = _FIRST_SECONDS
    while True:
        yield
        if time.monotonic() + wait > deadline:
            return
        # From the system, not from a generator: functions restored from one snapshot must not wait in step.
        time.sleep(wait * int.from_bytes(os.urandom(4)) / 2**32)
        wait = min(wait * _GROWTH, _LONGEST_SECONDS)
