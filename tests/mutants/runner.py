"""Removes one guard at a time in a copy of the checkout, and runs the tests that must notice.

A process that has loaded the libraries once is forked for each mutant, so a mutant costs little more than its tests.
"""

import itertools
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "node_modules")
_LINKED = (".venv", ".tools", ".local")
_LIBRARIES = (
    "boto3",
    "botocore.session",
    "hypothesis",
    "jwt",
    "moto",
    "phonenumbers",
    "pydantic",
    "pytest",
    "requests",
)
"""What most tests import. None of it is this project's own, which each fork must load from its copy."""
_SECONDS = itertools.count(1)
"""A time of its own for each mutated file, in seconds since 1970."""


@dataclass(frozen=True)
class Mutant:
    """A guard that is removed. `find` must occur exactly once in the file; `tests`: paths or node ids in `tests/`."""

    name: str
    path: str
    find: str
    replace: str
    tests: tuple[str, ...]

    def applied(self, source: str) -> str:
        """Return a source without the guard. Raises NotApplicable."""
        count = source.count(self.find)
        if count != 1:
            raise NotApplicable(f"{self.name}: the text occurs {count} times in {self.path}")
        return source.replace(self.find, self.replace)


class NotApplicable(Exception):
    """The code has changed, so that the mutant must be written again."""


class NoVerdict(Exception):
    """The tests did not run to a verdict, or fail without any mutant, so nothing can be said of the mutants."""


@contextmanager
def copy_of(root: Path) -> Iterator[Path]:
    """Copy a checkout without what is downloaded or built, which is linked instead."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(root, copy, ignore=_LEFT_OUT)
        for name in _LINKED:
            if (root / name).exists():
                (copy / name).symlink_to(root / name)
        yield copy


def run(mutants: Sequence[Mutant], root: Path = ROOT) -> list[Mutant]:
    """Try mutants, printing a line for each. Return the survivors. Raises NotApplicable, and NoVerdict."""
    for name in _LIBRARIES:
        __import__(name)
    with copy_of(root) as copy:
        tests = list(dict.fromkeys(test for mutant in mutants for test in mutant.tests))
        if not _pass(tests, root, copy):
            raise NoVerdict(f"the tests fail without any mutant:\n{_log(copy).read_text()[-4000:]}")
        survivors = []
        for mutant in mutants:
            began = time.monotonic()
            survived = survives(mutant, root, copy)
            verdict = "SURVIVED" if survived else "killed"
            print(f"{verdict:8} {time.monotonic() - began:5.1f} s  {mutant.name}", flush=True)
            survivors += [mutant] if survived else []
    return survivors


def survives(mutant: Mutant, root: Path, copy: Path) -> bool:
    """Return whether the mutant's tests pass without the guard. Raises NotApplicable, and NoVerdict."""
    file = copy / mutant.path
    source, written = file.read_text(), file.stat()
    file.write_text(mutant.applied(source))
    # Python trusts compiled code whose source has the same size and was changed in the same second.
    os.utime(file, (next(_SECONDS),) * 2)
    try:
        return _pass(mutant.tests, root, copy)
    finally:
        file.write_text(source)
        os.utime(file, ns=(written.st_atime_ns, written.st_mtime_ns))


def _log(copy: Path) -> Path:
    return copy.parent / "log"


def _pass(tests: Sequence[str], root: Path, copy: Path) -> bool:
    """Return whether tests (in `tests/`) of the copy pass, in a process of their own. Raises NoVerdict."""
    child = os.fork()
    if not child:
        code = 70
        try:
            code = _tests_here(root, copy, [f"tests/{test}" for test in tests])
        except BaseException:  # noqa: BLE001 - the log says why there is no verdict
            _log(copy).write_text(traceback.format_exc())
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (0, 1):
        raise NoVerdict(f"pytest ended with {code}:\n{_log(copy).read_text()[-4000:]}")
    return code == 0


def _tests_here(root: Path, copy: Path, tests: Sequence[str]) -> int:
    """Run tests of the copy in this process, which ends with them. Nothing of the checkout itself may be imported."""
    import pytest

    own = {root, root / "functions"}
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() not in own]
    for name in [name for name in sys.modules if name.split(".")[0] in {"tests", "infra", "dnc", "benchmarks"}]:
        del sys.modules[name]
    os.chdir(copy)
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(copy.parent / "hypothesis")
    with _log(copy).open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        loaded_before = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
        return int(pytest.main([*tests, "--exitfirst", "--tb=short", "-p", "no:cacheprovider", *loaded_before]))
