"""Retries with jittered exponential backoff, for many writers or readers of the same rows."""

from __future__ import annotations

import os
import time

from dnc.aws import deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST_SECONDS, _GROWTH, _LONGEST_SECONDS = 0.01, 1.5, 0.25


def attempts(patience: float) -> Iterator[None]:
    """Yield until `patience` (seconds) ends or the invocation's deadline is near. The first attempt comes at once."""
    ends = time.monotonic() + patience
    wait = _FIRST_SECONDS
    while True:
        yield
        if time.monotonic() + wait > ends or wait > deadline.left():
            return
        pause(wait)
        wait = min(wait * _GROWTH, _LONGEST_SECONDS)


def pause(most: float) -> None:
    """Sleep for a random part of `most` seconds."""
    # Randomness from the system, because functions restored from one snapshot would share a generator's state.
    time.sleep(most * int.from_bytes(os.urandom(4)) / 2**32)
