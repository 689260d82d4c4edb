"""The loggable part of an exception: its type, its stack frames, and AWS's error code.

Messages and values are left out, because they may hold personal data.
"""

from __future__ import annotations

import traceback

from dnc.aws.errors import AwsError, NoResponse


def failure(error: BaseException) -> dict[str, object]:
    """Return the loggable fields of an exception: its type, its frames, and `aws`, the error of an AWS call."""
    frames = traceback.extract_tb(error.__traceback__)
    cause = next((one for one in (error, error.__context__) if isinstance(one, (AwsError, NoResponse))), None)
    return {
        **({"aws": str(cause)} if cause else {}),
        "error_type": type(error).__name__,
        "frames": [f"{frame.filename.rsplit('/', 2)[-2:]}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    }
