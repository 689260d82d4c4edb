"""Fixtures that more than one folder uses: the whole stack, started once for the end-to-end and the browser tests."""

pytest_plugins = ["tests.support.lanes", "tests.support.stack", "tests.support.summary"]
