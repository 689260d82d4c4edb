"""Fixtures that more than one folder uses: the whole stack, started once for the end-to-end and the browser tests."""

import pytest

from dnc.aws import deadline

pytest_plugins = ["tests.support.lanes", "tests.support.stack", "tests.support.summary"]


@pytest.fixture(autouse=True)
def no_deadline():
    """Handlers set a deadline for their process, which must not reach into the next test."""
    yield
    deadline.clear()
