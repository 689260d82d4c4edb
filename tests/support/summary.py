"""The last line of every run, which sums up all folders: `N passed, N failed, N skipped`."""

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
    """Print the last lines, below all other output of pytest."""
    reporter = _reporter(config)
    if reporter and not config.option.collectonly:
        minutes, seconds = divmod(round(time.monotonic() - _began), 60)
        reporter.write_line(f"Time: {minutes}:{seconds:02}")
        reporter.write_line(summary_line(reporter.stats))


def summary_line(stats: dict[str, list[Any]]) -> str:
    """Return the last line of a run, with the reasons if tests were skipped. `stats`: reports by outcome."""

    def count(*outcomes: str) -> int:
        return sum(len(stats.get(outcome, [])) for outcome in outcomes)

    # Pytest counts a failed fixture as an error, and a test that passed although it should fail as neither.
    failed, skipped = count("failed", "error", "xpassed"), count("skipped", "xfailed")
    line = f"{count('passed')} passed, {failed} failed, {skipped} skipped"
    # A skipped report's `longrepr` is its file, its line and its reason.
    reasons = {str(report.longrepr[2]).removeprefix("Skipped: ") for report in stats.get("skipped", [])}
    return f"{line}: {'; '.join(sorted(reasons))}" if reasons else line


def _reporter(config: pytest.Config) -> Any:
    """Return the plugin that prints the run, or None in a worker, which prints nothing."""
    return None if hasattr(config, "workerinput") else config.pluginmanager.get_plugin("terminalreporter")
