"""Only the modules that the direct check reaches may set TYPE_CHECKING themselves instead of importing `typing`."""

from infra.build import sources
from infra.templates import ROOT

FUNCTIONS = ROOT / "functions"


def test_only_modules_on_the_check_path_avoid_importing_typing():
    on_the_path = sources.reached(FUNCTIONS, "check_numbers.handler").modules
    avoiding_typing = {file for file in FUNCTIONS.rglob("*.py") if "\nTYPE_CHECKING = False\n" in file.read_text()}
    assert on_the_path & avoiding_typing
    assert {str(file.relative_to(FUNCTIONS)) for file in avoiding_typing - on_the_path} == set()
