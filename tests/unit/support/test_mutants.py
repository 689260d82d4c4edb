"""The list of mutants fits the code: each one still applies, and its tests exist. `make mutants` runs them."""

import ast
import re

import pytest

from tests.mutants.guards import GUARDS
from tests.mutants.runner import ROOT, Mutant, NotApplicable


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
