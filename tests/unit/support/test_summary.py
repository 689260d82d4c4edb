"""Every test run ends with one line of counts, and fails if nothing passed."""

import subprocess
import sys

import pytest

from infra.local.stack import ROOT


@pytest.fixture
def run(tmp_path):
    """Runs pytest on the text of a test module. Returns its exit status and its last line."""

    def run_pytest(module, *options):
        (tmp_path / "test_it.py").write_text(module)
        command = [sys.executable, "-m", "pytest", "-qq", *options, "-p", "tests.support.summary", "test_it.py"]
        # Without plugins, pytest starts in a fraction of the time.
        environment = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines()[-1]

    return run_pytest


PASS = "def test_a(): pass\n"
FAIL = "def test_b(): assert False\n"
ERROR = "import pytest\n@pytest.fixture\ndef broken(): raise OSError\ndef test_c(broken): pass\n"
SKIP = "import pytest\ndef test_d(): pytest.skip('no browser')\ndef test_e(): pytest.skip('no browser')\n"


@pytest.mark.parametrize(
    ("module", "status", "line"),
    [
        (PASS, 0, "1 passed, 0 failed, 0 skipped"),
        (PASS + FAIL + ERROR, 1, "1 passed, 2 failed, 0 skipped"),
        (PASS + SKIP, 0, "1 passed, 0 failed, 2 skipped: no browser"),
        (SKIP, 5, "0 passed, 0 failed, 2 skipped: no browser"),
        ("", 5, "0 passed, 0 failed, 0 skipped"),
        ("import nothing_of_that_name", 2, "0 passed, 1 failed, 0 skipped"),
    ],
)
def test_the_last_line_counts_the_run(run, module, status, line):
    assert run(module) == (status, line)


def test_a_parallel_run_is_counted_once(run):
    assert run(PASS + FAIL + SKIP, "-p", "xdist", "-n", "2") == (1, "1 passed, 1 failed, 2 skipped: no browser")
