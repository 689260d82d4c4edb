"""The time by which an invocation must respond. Every retry loop and every wait obeys it.

Another attempt is useless to a caller that has given up, and it occupies the function's concurrency. Lambda runs one
invocation at a time in a process, so one deadline for the process is enough; its threads share it.
"""

from __future__ import annotations

import math
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MARGIN_SECONDS = 1.0
"""The time reserved before the function's own timeout, for responding."""
_ends = math.inf


def begin(context: Any, most: float = math.inf) -> None:
    """Set the deadline of an invocation: shortly before the function's timeout, or `most` seconds from now.

    `context`: Lambda's, or None outside of Lambda.
    """
    left = math.inf if context is None else context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    start(min(left, most))


def start(seconds: float) -> None:
    """Set the deadline to `seconds` from now. It applies until it is set again."""
    global _ends  # noqa: PLW0603 - one invocation at a time
    _ends = time.monotonic() + seconds


def clear() -> None:
    """Remove the deadline."""
    global _ends  # noqa: PLW0603 - as above
    _ends = math.inf


def ends() -> float:
    """Return the deadline in seconds of the monotonic clock; infinite if none is set."""
    return _ends


def left() -> float:
    """Return the seconds until the deadline: negative once it has passed, infinite if none is set."""
    return _ends - time.monotonic()
