"""What may be logged of a failure: its type, the places it went through, and what AWS said by its code.

Messages and the values in them are not: they may hold what a person gave.
"""

from __future__ import annotations

import traceback

from dnc.aws.errors import AwsError, NoResponse


def failure(failed: BaseException) -> dict[str, object]:
    """Give what may be logged of an exception: its type, its frames, and `aws`: why AWS's answer was none."""
    frames = traceback.extract_tb(failed.__traceback__)
    why = next((one for one in (failed, failed.__context__) if isinstance(one, (AwsError, NoResponse))), None)
    return {
        **({"aws": str(why)} if why else {}),
        "error_type": type(failed).__name__,
        "frames": [f"{frame.filename.rsplit('/', 2)[-2:]}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    }
