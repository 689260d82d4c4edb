"""Waiting for a bulk job in the demo."""

import time
from typing import Any

from infra.local.demo.client import DemoClient, DemoFailed

TIMEOUT_SECONDS = 600.0


def wait_for(demo: DemoClient, url: str, role: str) -> dict[str, Any]:
    """Poll a job until it has ended, print its progress, and return it."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    printed = -1.0
    while time.monotonic() < deadline:
        job = demo.call(role, "GET", url, 200)
        if job["status"] not in {"awaiting_upload", "queued", "running"}:
            return job
        if job["progress"] >= printed + 0.25:
            printed = job["progress"]
            print(f"   {job['status']}, {printed:.0%}")
        time.sleep(0.5)
    raise DemoFailed(f"a job did not end within {TIMEOUT_SECONDS:.0f} s")
