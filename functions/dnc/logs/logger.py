"""Logging without a phone number or a name: ids and masked numbers only."""

import threading

from dnc.logs.failures import failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    logger: Logger

__all__ = ["failure", "logger"]

_making = threading.Lock()


def __getattr__(name: str) -> "Logger":
    """Make `logger` when something is first logged: a cold start that logs nothing does not load Powertools."""
    if name != "logger":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from aws_lambda_powertools import Logger  # noqa: PLC0415 - as above

    with _making:  # of two that log at once, one makes it: two loggers would write each line twice
        made: Logger | None = globals().get("logger")
        if made is None:
            globals()["logger"] = made = Logger(service="nocall")
        return made
