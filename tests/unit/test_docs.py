"""The docs say what the code has: each route, role, code, reason, setting and command, by name."""

import json
import re

import pytest

from dnc.accounts.access import ALLOWED, ROUTES, Role
from dnc.entries.reasons import REASONS, REFUSED
from dnc.problems import PROBLEMS
from infra.generate import drift, openapi
from infra.local.stack import ROOT, template

README = (ROOT / "README.md").read_text()
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


def row_of(method, resource):
    [row] = [line for line in README.splitlines() if line.startswith(f"| `{method} {resource}` |")]
    return row


@pytest.mark.parametrize(("method", "resource"), sorted(ROUTES))
def test_the_readme_names_each_route_with_its_roles(method, resource):
    row = row_of(method, resource)
    may = {role for role, actions in ALLOWED.items() if ROUTES[method, resource] in actions}
    told = set(re.findall(r"`(\w+)`", row.split("|")[2]))
    if "as above" in row:
        assert may == {
            r for r, actions in ALLOWED.items() if ROUTES["POST", resource.removesuffix("/batch")] in actions
        }
    elif "any" in row.split("|")[2]:
        assert may == set(Role)
    else:
        assert told == {str(role) for role in may}


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.code)
def test_the_readme_names_each_error_code_with_its_status(problem):
    assert f"| `{problem.code}` | {problem.status} |" in README


@pytest.mark.parametrize("code", [*REASONS, *REFUSED])
def test_the_readme_names_each_removal_reason(code):
    assert f"`{code}`" in README


def settings():
    found = set()
    for resource in template()["Resources"].values():
        properties = resource.get("Properties") or {}
        found |= set((properties.get("Environment") or {}).get("Variables") or {})
    found |= set(template()["Globals"]["Function"]["Environment"]["Variables"])
    for file in (ROOT / "functions").rglob("*.py"):
        found |= set(re.findall(r'environment(?:\.get\(|\[)"([A-Z_]+)"', file.read_text()))
    return sorted(found | {"NOCALL_LOCAL"})


@pytest.mark.parametrize("name", settings())
def test_the_readme_names_each_environment_variable(name):
    assert f"`{name}`" in README


@pytest.mark.parametrize("name", sorted(set(template()["Parameters"]) - {"Profile"}))
def test_the_readme_names_each_template_parameter(name):
    assert f"`{name}`" in README


def test_the_readme_names_only_commands_that_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for file in (README, (ROOT / "CONTRIBUTING.md").read_text()):
        assert set(re.findall(r"`make ([a-z-]+)`", file)) <= targets


def test_every_command_is_told_by_make_help():
    makefile = (ROOT / "Makefile").read_text()
    phony = re.findall(r"^\.PHONY: ([a-z-]+)$", makefile, re.MULTILINE)
    assert set(phony) == set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))


def test_each_decision_has_a_number_of_its_own():
    assert len({file.name[:4] for file in DECISIONS}) == len(DECISIONS)
    for file in DECISIONS:
        assert file.read_text().startswith(f"# {int(file.name[:4])}. ")
        assert "What would change it" in file.read_text()


def test_the_document_has_every_route_and_resolves_every_reference():
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())
    routes = {(m.upper(), path) for path, methods in document["paths"].items() for m in methods}
    assert routes == set(ROUTES)
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references <= set(document["components"]["schemas"])
    names = [o["operationId"] for methods in document["paths"].values() for o in methods.values()]
    assert len(names) == len(set(names))


def test_two_models_of_one_name_are_an_error(monkeypatch):
    from pydantic import BaseModel

    other = type("Entry", (BaseModel,), {})
    monkeypatch.setitem(openapi.ANSWERS, ("GET", "/nowhere", 200), other)
    with pytest.raises(openapi.NameTaken, match="Entry"):
        openapi.document()


def test_drift_is_told_as_a_difference(tmp_path):
    file = tmp_path / "generated.txt"
    assert "+new" in drift.drift({file: "new\n"})
    file.write_text("old\n")
    assert "-old" in drift.drift({file: "new\n"})
    assert drift.drift({file: "old\n"}) == ""


def test_the_lock_names_no_index_but_pypi():
    assert drift.foreign_indexes((ROOT / "uv.lock").read_text()) == set()
    assert drift.foreign_indexes('url = "https://mirror.example.com/simple/x.whl"') != set()
