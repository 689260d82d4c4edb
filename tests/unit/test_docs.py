"""The docs match the code: they name each route, role, code, reason, setting and command, and links resolve."""

import json
import re
import subprocess

import pytest

from dnc.accounts.access import ALLOWED, ROUTES, Role
from dnc.audit.changes import EventType
from dnc.bulk.jobs import JobStatus
from dnc.entries.entry import Source
from dnc.entries.reasons import REASONS, REFUSED
from dnc.problems import PROBLEMS
from infra.generate import drift, openapi
from infra.templates import ROOT, functions, parent

README = (ROOT / "README.md").read_text()
API = (ROOT / "docs" / "api.md").read_text()
BULK = (ROOT / "docs" / "bulk.md").read_text()
DEPLOY = (ROOT / "docs" / "deploy.md").read_text()
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
_LISTED = ["git", "ls-files", "-coz", "--exclude-standard"]
_NAMES = subprocess.run(_LISTED, cwd=ROOT, capture_output=True, text=True, check=True).stdout
FILES = [ROOT / name for name in _NAMES.split("\0") if name and (ROOT / name).exists()]
PAGES = [file for file in FILES if file.suffix == ".md"]


def row_of(page, *cells):
    """Return the cells of the one table row that begins with these."""
    start = "".join(f"| {cell} " for cell in cells) + "|"
    [row] = [line for line in page.splitlines() if line.startswith(start)]
    return [cell.strip() for cell in row.strip("|").split("|")]


def roles_of(action):
    return {str(role) for role, actions in ALLOWED.items() if action in actions}


def codes(cell):
    return set(re.findall(r"`([\w.]+)`", cell))


def test_the_readme_is_short_enough_to_read():
    assert len(README.encode()) <= 10_240


@pytest.mark.parametrize(("method", "resource"), sorted(ROUTES))
def test_the_api_page_names_each_route_with_its_roles(method, resource):
    roles = row_of(API, f"`{method} {resource}`")[1]
    if roles == "as above":
        assert roles_of(ROUTES[method, resource]) == roles_of(ROUTES[method, resource.removesuffix("/batch")])
    elif roles == "any":
        assert roles_of(ROUTES[method, resource]) == {str(role) for role in Role}
    else:
        assert codes(roles) == roles_of(ROUTES[method, resource])


def test_the_api_page_names_no_route_that_does_not_exist():
    assert set(re.findall(r"^\| `([A-Z]+) (/\S*)` \|", API, re.MULTILINE)) == set(ROUTES)


@pytest.mark.parametrize("role", Role)
def test_the_api_page_describes_each_role(role):
    assert row_of(API, f"`{role}`")


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.code)
def test_the_api_page_names_each_error_code_with_its_status(problem):
    assert row_of(API, f"`{problem.code}`", problem.status)


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda r: r.code)
def test_the_api_page_says_what_each_removal_reason_requires_and_for_which_sources_it_is_valid(reason):
    _, required, sources = row_of(API, f"`{reason.code}`")
    named = codes(required) - {"yes", "last_requested_at", str(Source.REGISTRY)}
    assert named == {*reason.requires, *reason.either, *reason.for_registry}
    if sources.startswith("all but"):
        assert reason.sources == set(Source) - codes(sources)
    elif sources.startswith("all"):
        assert reason.sources == set(Source)
    else:
        assert reason.sources == codes(sources)


@pytest.mark.parametrize("code", REFUSED)
def test_the_api_page_names_each_refused_reason(code):
    assert f"`{code}`" in API


@pytest.mark.parametrize("name", [*Source, *EventType])
def test_the_api_page_names_each_source_and_event_type(name):
    assert f"`{name}`" in API


@pytest.mark.parametrize("status", JobStatus)
def test_the_bulk_page_names_each_status_of_a_job(status):
    assert row_of(BULK, f"`{status}`")


def settings():
    found = set()
    for function in functions():
        found |= set((function.properties.get("Environment") or {}).get("Variables") or {})
    found |= set(parent()["Globals"]["Function"]["Environment"]["Variables"])
    for file in (ROOT / "functions").rglob("*.py"):
        found |= set(re.findall(r'environment(?:\.get\(|\[)"([A-Z_]+)"', file.read_text()))
    return sorted(found | {"NOCALL_LOCAL"})


@pytest.mark.parametrize("name", settings())
def test_the_deploy_page_names_each_environment_variable(name):
    assert f"`{name}`" in DEPLOY


@pytest.mark.parametrize("name", sorted(set(parent()["Parameters"]) - {"Profile"}))
def test_the_deploy_page_names_each_template_parameter_with_its_default(name):
    default = str(parent()["Parameters"][name].get("Default", ""))
    assert row_of(DEPLOY, f"`{name}`")[1].strip("`") == (default or "none")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_commands_that_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|\$ )make ([a-z-]+)", page.read_text())) <= targets


def anchors(page):
    """Return the fragments that link to the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", without_code(page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def without_code(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_relative_links_of_a_page_resolve(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text())):
        if "://" in link:
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target in FILES or any(target in file.parents for file in FILES), link
        if fragment:
            assert fragment in anchors(target), link


def test_every_page_of_the_docs_can_be_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        for link in re.findall(r"\]\(([^)\s#]+)", without_code(page.read_text())):
            target = (page.parent / link).resolve()
            waiting += [file for file in PAGES if file == target or (target.is_dir() and file.parent == target)]
    assert reached >= {file for file in PAGES if file.is_relative_to(ROOT / "docs")}


def test_the_code_cites_only_decisions_that_exist():
    numbers = {int(file.name[:4]) for file in DECISIONS}
    for file in FILES:
        if file.suffix in {".py", ".js", ".yaml", ".md", ".toml"}:
            cited = {int(number) for number in re.findall(r"[Dd]ecisions? (\d+)", file.read_text())}
            assert cited <= numbers, file


def test_the_runbook_names_only_alarms_errors_and_log_messages_that_exist():
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    names = re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`|^## (\w+Alarm)", runbook, re.MULTILINE)
    messages = re.findall(r"`([a-z]+(?: [a-z]+)+)`", without_code(runbook))
    code = [file for file in FILES if file.suffix in {".py", ".yaml"} and not file.is_relative_to(ROOT / "tests")]
    text = "\n".join(file.read_text() for file in code)
    assert len(messages) >= 4
    for name in {first or second for first, second in names}:
        assert re.search(rf"\b{name}\b", text), name
    for message in set(messages) - {f"make {target}" for target in re.findall(r"`make ([a-z-]+)`", runbook)}:
        assert f'"{message}"' in text, message


def test_make_help_lists_every_command():
    makefile = (ROOT / "Makefile").read_text()
    phony = re.findall(r"^\.PHONY: ([a-z-]+)$", makefile, re.MULTILINE)
    assert set(phony) == set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))


def test_every_decision_has_its_own_number():
    assert len({file.name[:4] for file in DECISIONS}) == len(DECISIONS)
    for file in DECISIONS:
        assert file.read_text().startswith(f"# {int(file.name[:4])}. ")
        assert "What would change it" in file.read_text()


def test_openapi_has_every_route_and_resolves_every_reference():
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())
    routes = {(m.upper(), path) for path, methods in document["paths"].items() for m in methods}
    assert routes == set(ROUTES)
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references <= set(document["components"]["schemas"])
    names = [o["operationId"] for methods in document["paths"].values() for o in methods.values()]
    assert len(names) == len(set(names))


def test_two_models_with_the_same_name_are_an_error(monkeypatch):
    from pydantic import BaseModel

    other = type("Entry", (BaseModel,), {})
    monkeypatch.setitem(openapi.RESPONSES, ("GET", "/nowhere", 200), other)
    with pytest.raises(openapi.NameTaken, match="Entry"):
        openapi.document()


def test_drift_is_shown_as_a_diff(tmp_path):
    file = tmp_path / "generated.txt"
    assert "+new" in drift.drift({file: "new\n"})
    file.write_text("old\n")
    assert "-old" in drift.drift({file: "new\n"})
    assert drift.drift({file: "old\n"}) == ""


def test_the_lock_files_name_no_index_but_pypi():
    assert all(drift.foreign_indexes(lock.read_text()) == set() for lock in drift.LOCKS)
    assert drift.foreign_indexes('url = "https://mirror.example.com/simple/x.whl"') != set()
