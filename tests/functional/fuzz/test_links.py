"""The links of the OpenAPI document: what they take from a response makes the next request valid."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from infra.generate.links import LINKS
from infra.generate.openapi import FILE
from tests.functional.bulk.imports.test_imports import imports, imports_undo, states  # noqa: F401 - fixtures

DOCUMENT = json.loads(FILE.read_text())
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
ACCOUNT = {"account_id": "acme"}


@dataclass
class Step:
    """One request and its response. `links`: of the response, by name."""

    gateway: Any
    operation: str
    path: dict[str, str] = field(default_factory=lambda: ACCOUNT)
    body: Any = ...
    query: dict[str, str] = field(default_factory=dict)
    role: str = "admin"

    def __post_init__(self):
        method, path, operation = OPERATIONS[self.operation]
        target = path.format(**{name: quote(value, safe="") for name, value in self.path.items()})
        target += f"?{urlencode(self.query)}" if self.query else ""
        self.reply = self.gateway.call(self.role, method, target, self.body)
        self.links = operation["responses"][str(self.reply.status)].get("links", {})

    def follow(self, name, role=None):
        """Send the request of a link, with nothing but what the link says."""
        link = self.links[name]
        method_path = OPERATIONS[link["operationId"]][1]
        values = {key.removeprefix("query."): self._value(text) for key, text in link["parameters"].items()}
        path = {key: value for key, value in values.items() if f"{{{key}}}" in method_path}
        query = {key: value for key, value in values.items() if key not in path}
        body = self._value(link["requestBody"]) if "requestBody" in link else ...
        return Step(self.gateway, link["operationId"], path, body, query, role or self.role)

    def _value(self, expression):
        if isinstance(expression, dict):
            return {name: self._value(inner) for name, inner in expression.items()}
        if isinstance(expression, list):
            return [self._value(inner) for inner in expression]
        if expression.startswith("$request.path."):
            return self.path[expression.removeprefix("$request.path.")]
        if expression.startswith("$response.body#/"):
            return self.reply.body[expression.removeprefix("$response.body#/")]
        return expression

    @property
    def status(self):
        return self.reply.status


def added(gateway, **fields):
    return Step(gateway, "add_number", body={"number": "(415) 555-0100", "region": "US", **fields})


def test_a_number_is_added_read_removed_and_its_history_read(gateway, stream):
    add = added(gateway)
    stream.deliver()
    read = add.follow("Read")
    assert (add.status, read.status, read.reply.body["status"]) == (201, 200, "listed")
    assert not add.follow("Check").reply.body["results"][0]["callable"]
    removed = add.follow("Remove")
    assert (removed.status, removed.reply.body["status"]) == (200, "removed")
    assert removed.follow("Check").reply.body["results"][0]["callable"]
    assert stream.deliver() == []
    history = removed.follow("Read").follow("History")
    assert [event["type"] for event in history.reply.body["events"]] == ["listed", "removed"]
    restored = removed.follow("Restore")
    assert (restored.status, restored.reply.body["status"]) == (200, "listed")
    assert not restored.follow("Check").reply.body["results"][0]["callable"]
    assert restored.follow("RemoveByPost").status == 200


def test_a_version_that_has_changed_since_is_a_conflict(gateway):
    add = added(gateway)
    gateway.add("+14155550100", source="sms")
    assert add.follow("Remove").status == 409
    assert not add.follow("Check").reply.body["results"][0]["callable"]


def test_an_import_is_made_and_undone(imports, gateway):  # noqa: F811
    data = b"4155550100\n4155550101\n"
    made = Step(gateway, "make_import", body={"filename": "list.csv", "bytes": len(data)})
    assert made.follow("Undo").status == 409, "it is not done"
    imports.upload(made.reply.body["id"], data)
    imports.run()
    read = made.follow("Read")
    assert (read.status, read.reply.body["status"]) == (200, "done")
    assert not gateway.check(["+14155550100"])["results"][0]["callable"]
    undo = read.follow("Undo")
    assert (undo.status, undo.reply.body["status"]) == (200, "running")
    imports.run(*imports_undo(imports))
    assert undo.follow("Read").reply.body["status"] == "undone"
    assert gateway.check(["+14155550100"])["results"][0]["callable"]


def test_a_key_is_made_used_and_revoked(gateway):
    made = Step(gateway, "make_key", body={"role": "dialer", "name": "of the night shift"})
    token = made.reply.body["token"]
    assert gateway.call(None, "GET", "/me", token=token).body["key_name"] == "of the night shift"
    assert made.reply.body["key_id"] in {key["key_id"] for key in made.follow("List").reply.body["keys"]}
    assert made.follow("Revoke").status == 204
    assert gateway.call(None, "GET", "/me", token=token).status == 401


@pytest.mark.parametrize("decision", ["Approve", "Reject", "Withdraw"])
def test_a_removal_waits_for_a_second_person(gateway, decision):
    policy = {"note": "agreed", "approve_reasons": ["test_number"]}
    assert Step(gateway, "change_policy", body=policy).status == 200
    gateway.add("+14155550100", role="agent", acting_user="u-3")
    removal = {"reason": "test_number", "note": "our own phone", "if_version": 1, "acting_user": "u-3"}
    path = {**ACCOUNT, "number": "+14155550100"}
    waiting = Step(gateway, "remove_number", path, removal, role="manager")
    assert waiting.status == 202
    assert len(waiting.follow("Pending").reply.body["numbers"]) == 1
    decided = waiting.follow(decision, role="admin")
    assert (decided.status, decided.reply.body["status"]) == (200, "removed" if decision == "Approve" else "listed")


@pytest.mark.parametrize("operation", sorted(name for (name, _), links in LINKS.items() if "Next" in links))
def test_a_page_token_of_nothing_is_the_last_page(gateway, operation):
    gateway.add("+14155550100")
    path = {**ACCOUNT, "number": "+14155550100"}
    first = Step(gateway, operation, path, role="operator")
    assert first.status == 200
    assert first.reply.body["next_page_token"] is None


def test_the_list_is_read_page_by_page(gateway):
    for last in range(3):
        gateway.add(f"+1415555010{last}")
    page, found = Step(gateway, "list_numbers", query={"page_size": "1"}), []
    found += page.reply.body["numbers"]
    while page.reply.body["next_page_token"]:
        page = page.follow("Next")
        found += page.reply.body["numbers"]
    assert [entry["number"] for entry in found] == ["+14155550100", "+14155550101", "+14155550102"]
