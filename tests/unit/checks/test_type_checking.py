"""Only the modules that the direct check reaches may set TYPE_CHECKING themselves instead of importing `typing`."""

from infra.build import sources
from infra.templates import ROOT

FUNCTIONS = ROOT / "functions"


def test_only_modules_on_the_check_path_avoid_importing_typing():
    on_the_path = sources.reached(FUNCTIONS, "check_numbers.handler").modules
    setting_it = {file for file in FUNCTIONS.rglob("*.py") if "\nTYPE_CHECKING = False\n" in file.read_text()}
    assert on_the_path & setting_it
    assert {str(file.relative_to(FUNCTIONS)) for file in setting_it - on_the_path} == set()
