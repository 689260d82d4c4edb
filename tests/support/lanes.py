"""Distributes the tests among the workers of a parallel run.

All tests that need the stack go to one worker, and all tests that need DynamoDB Local to one worker, so each of the two
is started only once. Every other test goes to whichever worker is free.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

LANES = {"tests/browser/stack": "stack", "tests/e2e": "stack", "tests/conformance": "dynamodb-local"}


class Lanes(LoadScopeScheduling):
    """Schedules the tests of a lane as one unit, the longest lane first, then the other tests one by one."""

    def _split_scope(self, nodeid: str) -> str:
        return next((lane for folder, lane in LANES.items() if nodeid.startswith(f"{folder}/")), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    """Schedule the tests by lane."""
    return Lanes(config, log)
