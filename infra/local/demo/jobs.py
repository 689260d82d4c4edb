"""Waiting for a bulk job, in the demo."""

import time
from typing import Any

from infra.local.demo.story import Story, StoryBroke

PATIENCE_SECONDS = 600.0


def until_ended(story: Story, url: str, role: str) -> dict[str, Any]:
    """Read a job until it has ended, and say how far it is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    told = -1.0
    while time.monotonic() < deadline:
        job = story.ask(role, "GET", url, 200)
        if job["status"] not in {"awaiting_upload", "running"}:
            return job
        if job["progress"] >= told + 0.25:
            told = job["progress"]
            print(f"   {job['status']}, {told:.0%}")
        time.sleep(0.5)
    raise StoryBroke(f"a job did not end within {PATIENCE_SECONDS:.0f} s")
