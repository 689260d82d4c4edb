"""Fixtures for more than one folder: the whole stack, started once for the end-to-end and the browser tests."""

import pytest

from dnc.aws import deadline

pytest_plugins = ["tests.support.lanes", "tests.support.stack", "tests.support.summary"]


@pytest.fixture(autouse=True)
def no_deadline():
    """Clear the deadline that a handler sets for its process, so that the next test starts without one."""
    yield
    deadline.clear()
