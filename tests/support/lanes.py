"""How the tests are shared out between the workers of a parallel run.

All tests of the stack go to one worker, and all tests of DynamoDB Local to one worker, so each is started only once and
its tests run side by side with everything else. Every other test goes to whichever worker is free.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

LANES = {"tests/browser/stack": "stack", "tests/e2e": "stack", "tests/conformance": "dynamodb-local"}


class Lanes(LoadScopeScheduling):
    """Schedules the tests of a lane as one piece of work, the longest lane first, then the other tests one by one."""

    def _split_scope(self, nodeid: str) -> str:
        return next((lane for folder, lane in LANES.items() if nodeid.startswith(f"{folder}/")), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    """Share out the tests by lanes."""
    return Lanes(config, log)
