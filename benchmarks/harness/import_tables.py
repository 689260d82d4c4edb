"""A DynamoDB stand-in that enforces the conditions of an import's writes, in a process of its own.

It responds from memory at once. `tests/conformance` tests what DynamoDB itself does with the statements.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from benchmarks.harness.stand_in import StandIn, Tables, serve

KEYS = {"numbers": {"keys": ["account_id", "number"]}}
_INSERT = re.compile(r"INSERT INTO \"(?P<table>[^\"]+)\" VALUE \{(?P<pairs>.+)\}")
_UPDATE = re.compile(r"UPDATE \"(?P<table>[^\"]+)\" (?P<clauses>.+) WHERE .+")


@cache
def _names(statement: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the table of a statement, and its verbs with their attribute names."""
    match = _INSERT.fullmatch(statement)
    if match:
        return match["table"], tuple(("INSERT", name) for name in re.findall(r"'(\w+)': \?", match["pairs"]))
    match = _UPDATE.fullmatch(statement)
    if not match:
        raise ValueError("not a statement of an import")
    return match["table"], tuple(re.findall(r"(SET|REMOVE) \"(\w+)\"", match["clauses"]))


class ConditionalTables(Tables):
    """Tables whose INSERT fails if the row exists, and whose UPDATE fails if the version differs."""

    def _batchexecutestatement(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"Responses": [self._execute(s["Statement"], s["Parameters"]) for s in request["Statements"]]}

    def _execute(self, statement: str, parameters: list[Any]) -> dict[str, Any]:
        table, parts = _names(statement)
        rows = self._rows[table]
        if parts[0][0] == "INSERT":
            row = dict(zip((name for _, name in parts), parameters, strict=True))
            key = self._key(table, row)
            if key in rows:
                return {"Error": {"Code": "DuplicateItem"}}
            rows[key] = row
            return {}
        account, number, version = parameters[-3:]
        key = self._key(table, {"account_id": account, "number": number})
        if rows.get(key, {}).get("version") != version:
            return {"Error": {"Code": "ConditionalCheckFailed"}}
        row, values = dict(rows[key]), iter(parameters[:-3])
        for verb, name in parts:
            if verb == "SET":
                row[name] = next(values)
            else:
                row.pop(name, None)
        rows[key] = row
        return {}

    def _dump(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the numbers of a table with their versions. DynamoDB has no such operation."""
        rows = self._rows[request["TableName"]]
        return {"versions": {row["number"]["S"]: row["version"]["N"] for row in rows.values()}}


@contextmanager
def standing_in() -> Iterator[str]:
    """Run it on a free loopback port, and yield its URL."""
    with StandIn(KEYS, module="benchmarks.harness.import_tables") as stand_in:
        yield stand_in.url


if __name__ == "__main__":
    serve(ConditionalTables)
