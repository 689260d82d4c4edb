"""The direct check's log: the same lines as Powertools' Logger, without loading it.

A check logs only failures, and Powertools costs more to load than the check itself. Every other function logs through
`dnc.logs.logger`; a test compares the fields of both. Log ids and masked numbers only, never a number or a name.
"""

from __future__ import annotations

import json
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def error(message: str, extra: dict[str, Any]) -> None:
    """Log a failure. `extra`: further fields of the line, without a number or a name."""
    now = time.time()
    caller = sys._getframe(1)  # noqa: SLF001 - `logging` does the same
    line = {
        "level": "ERROR",
        "location": f"{caller.f_code.co_name}:{caller.f_lineno}",
        "message": message,
        "timestamp": f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(now))},{int(now % 1 * 1000):03}"
        f"{time.strftime('%z', time.localtime(now))}",
        "service": os.environ.get("POWERTOOLS_SERVICE_NAME", "nocall"),
        **extra,
    }
    trace = os.environ.get("_X_AMZN_TRACE_ID")
    if trace:
        line["xray_trace_id"] = trace.partition(";")[0].removeprefix("Root=")
    sys.stdout.write(json.dumps(line, default=str) + "\n")
    sys.stdout.flush()
