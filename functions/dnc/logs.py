"""Logging without a phone number or a name: ids and masked numbers only.

A failure is logged by its type and the places it went through. Its message and the values in it are not: they may
hold what a person gave.
"""

import traceback

from aws_lambda_powertools import Logger

logger = Logger(service="nocall")


def failure(failed: BaseException) -> dict[str, object]:
    """Give what may be logged of an exception: its type and its frames."""
    frames = traceback.extract_tb(failed.__traceback__)
    return {
        "error_type": type(failed).__name__,
        "frames": [f"{frame.filename.rsplit('/', 2)[-2:]}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    }
