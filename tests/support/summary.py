"""The last line of every run, which counts all folders together: `N passed, N failed, N skipped`."""

import time
from typing import Any

import pytest

_began = time.monotonic()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run in which no test passed: a green run that tested nothing proves nothing."""
    reporter = _reporter(session.config)
    ran = reporter and not session.config.option.collectonly
    if ran and exitstatus == pytest.ExitCode.OK and not reporter.stats.get("passed"):
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


def pytest_unconfigure(config: pytest.Config) -> None:
    """Print the last lines, below everything that pytest prints."""
    reporter = _reporter(config)
    if reporter and not config.option.collectonly:
        minutes, seconds = divmod(round(time.monotonic() - _began), 60)
        reporter.write_line(f"Time: {minutes}:{seconds:02}")
        reporter.write_line(counted(reporter.stats))


def counted(stats: dict[str, list[Any]]) -> str:
    """Return the last line for a run's reports by outcome, with the reasons if tests were skipped."""

    def count(*outcomes: str) -> int:
        return sum(len(stats.get(outcome, [])) for outcome in outcomes)

    # To pytest, a fixture that fails is an error, and a test that was expected to fail and passed is neither.
    failed, skipped = count("failed", "error", "xpassed"), count("skipped", "xfailed")
    line = f"{count('passed')} passed, {failed} failed, {skipped} skipped"
    # A skipped report's `longrepr` is its file, its line and its reason.
    reasons = {str(report.longrepr[2]).removeprefix("Skipped: ") for report in stats.get("skipped", [])}
    return f"{line}: {'; '.join(sorted(reasons))}" if reasons else line


def _reporter(config: pytest.Config) -> Any:
    """Return what prints the run, or None in a worker, which prints nothing."""
    return None if hasattr(config, "workerinput") else config.pluginmanager.get_plugin("terminalreporter")
