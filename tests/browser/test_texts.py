"""All texts of the page are in two files, are used, and match the API."""

import re

import pytest

from console import page_files
from dnc.accounts.access import ALLOWED, Action, Role
from dnc.entries.entry import Source

NAMED = re.compile(r"\b(texts|words)\.(\w+)\.(\w+)")
SHORT = re.compile(r"^const t = (texts|words)\.(\w+);$", re.MULTILINE)
ROLES = {"intake", "dialer", "agent", "manager", "auditor", "admin"}


@pytest.fixture
def words(console):
    """All texts by file, with "function" in place of a function."""
    console.open("manager")
    return console.page.evaluate(
        """async () => {
          const mapped = (value) => Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
          const plain = (value) => typeof value === "function" ? "function"
            : value && typeof value === "object" ? mapped(value) : value;
          const first = document.querySelector("script").src;
          const { texts } = await import(first);
          const { words } = await import(first.replace("first.js", "views_texts.js"));
          return { texts: plain(texts), words: plain(words) }; }"""
    )


def used():
    found = set()
    for file in page_files.FOLDER.glob("*.js"):
        code = file.read_text()
        found |= set(NAMED.findall(code))
        for own in SHORT.findall(code):
            found |= {(*own, name) for name in re.findall(r"(?<![\w.$])t\.(\w+)", code)}
    return found


def test_every_text_that_a_view_uses_exists(words):
    assert len(used()) > 300
    missing = {name for name in used() if name[2] not in words[name[0]].get(name[1], {})}
    assert missing == set()


def test_no_text_is_unused(words):
    code = "\n".join(file.read_text() for file in page_files.FOLDER.glob("*.js") if "texts" not in file.name)
    looked_up = {"sources", "reasons", "statuses", "events", "roles", "who", "fields", "status", "channels"}
    left_over = {
        (name, entry)
        for part in (words["texts"], words["words"])
        for name, group in part.items()
        if isinstance(group, dict) and name not in looked_up
        for entry in group
        if not re.search(rf"\b{entry}\b", code)
    }
    assert left_over == set()


def test_every_source_and_role_is_explained(words):
    assert set(words["words"]["help"]["sources"]) == set(Source)
    assert set(words["words"]["help"]["roles"]) == set(Role)
    assert set(words["texts"]["sources"]) == {*Source, "prefix"}


def test_a_refusal_names_the_roles_that_the_api_allows(words):
    for action, text in words["texts"]["who"].items():
        named = set(re.findall(r"\w+", text.lower())) & ROLES
        allowed = {role for role in ROLES - {"intake"} if Action(action) in ALLOWED[Role(role)]}
        assert named == allowed, action
