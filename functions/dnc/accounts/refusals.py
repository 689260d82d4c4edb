"""Remembers tokens that were just refused, so that a client that keeps sending one does not cost a read each time."""

import time
from collections import OrderedDict
from collections.abc import Callable

REMEMBERED_SECONDS = 30.0
_MAX_TOKENS = 10_000


class Refusals:
    """The unknown tokens that this process has refused, as digests, at most 10,000 of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds."""
        self._clock = clock
        self._until: OrderedDict[str, float] = OrderedDict()

    def has(self, digest: str) -> bool:
        """Return whether a token (its SHA-256) was refused within the last 30 seconds."""
        return self._until.get(digest, 0.0) > self._clock()

    def add(self, digest: str) -> None:
        """Remember a refused token."""
        self._until[digest] = self._clock() + REMEMBERED_SECONDS
        self._until.move_to_end(digest)
        if len(self._until) > _MAX_TOKENS:
            self._until.popitem(last=False)
