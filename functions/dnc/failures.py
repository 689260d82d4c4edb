"""What may be logged of a failure: its type and the places it went through.

Its message and the values in it are not: they may hold what a person gave.
"""

from __future__ import annotations

import traceback


def failure(failed: BaseException) -> dict[str, object]:
    """Give what may be logged of an exception: its type and its frames."""
    frames = traceback.extract_tb(failed.__traceback__)
    return {
        "error_type": type(failed).__name__,
        "frames": [f"{frame.filename.rsplit('/', 2)[-2:]}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    }
