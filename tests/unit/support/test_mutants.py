"""The list of mutants fits the code: each one still applies, and its tests exist. `make mutants` runs them."""

import ast
import os
import re
import sys
from pathlib import Path

import pytest

from tests.mutants.guards import GUARDS
from tests.mutants.runner import ROOT, Mutant, NotApplicable, survives


def test_every_mutant_applies_once_and_leaves_code_that_compiles():
    sources = {}
    for guard in GUARDS:
        source = sources.setdefault(guard.path, (ROOT / guard.path).read_text())
        mutated = guard.applied(source)
        assert mutated != source, guard.name
        ast.parse(mutated, guard.path)


def test_every_mutant_has_a_name_of_its_own():
    names = [guard.name for guard in GUARDS]
    assert len(set(names)) == len(names)


def test_every_mutant_has_tests_that_exist():
    tests = {test for guard in GUARDS for test in guard.tests}
    assert all(guard.tests for guard in GUARDS)
    for test in tests:
        path, _, name = test.partition("::")
        text = (ROOT / "tests" / path).read_text()
        assert not name or re.search(rf"^def {name}\(", text, re.MULTILINE), test


@pytest.mark.parametrize("source", ["", "guard guard"])
def test_a_text_that_does_not_occur_exactly_once_is_an_error(source):
    with pytest.raises(NotApplicable, match="occurs"):
        Mutant("a guard", "x.py", "guard", "", ()).applied(source)


def test_compiled_code_of_the_original_is_not_taken_for_a_mutant_of_the_same_size(tmp_path, monkeypatch):
    write = Path.write_text

    def write_in_the_same_second(file, text):
        write(file, text)
        os.utime(file, (1_800_000_000, 1_800_000_000))

    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(Path, "write_text", write_in_the_same_second)
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "limits.py").write_text("MOST = 1\n")
    (tests / "test_limits.py").write_text("import limits\n\n\ndef test_most():\n    assert limits.MOST == 1\n")
    same, other = (
        Mutant("a limit", "tests/limits.py", "MOST = 1", f"MOST = {value}", ("test_limits.py",)) for value in (1, 2)
    )
    assert [survives(mutant, tmp_path, tmp_path) for mutant in (same, other, same, other)] == [True, False] * 2
