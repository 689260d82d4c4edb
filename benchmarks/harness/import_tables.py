"""A stand-in for DynamoDB that keeps the conditions of the writes that an import makes; a process of its own.

It answers from memory at once. What DynamoDB itself makes of the statements is tested in `tests/conformance`.
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
    """Give the table of a statement, and its verbs with the names that they are for."""
    match = _INSERT.fullmatch(statement)
    if match:
        return match["table"], tuple(("INSERT", name) for name in re.findall(r"'(\w+)': \?", match["pairs"]))
    match = _UPDATE.fullmatch(statement)
    if not match:
        raise ValueError("not a statement of an import")
    return match["table"], tuple(re.findall(r"(SET|REMOVE) \"(\w+)\"", match["clauses"]))


class ConditionalTables(Tables):
    """Tables whose INSERT fails when the row is there, and whose UPDATE when its version is another."""

    def _batchexecutestatement(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"Responses": [self._carry_out(s["Statement"], s["Parameters"]) for s in asked["Statements"]]}

    def _carry_out(self, statement: str, parameters: list[Any]) -> dict[str, Any]:
        table, parts = _names(statement)
        rows = self._rows[table]
        if parts[0][0] == "INSERT":
            row = dict(zip((name for _, name in parts), parameters, strict=True))
            place = self._place(table, row)
            if place in rows:
                return {"Error": {"Code": "DuplicateItem"}}
            rows[place] = row
            return {}
        account, number, version = parameters[-3:]
        place = self._place(table, {"account_id": account, "number": number})
        if rows.get(place, {}).get("version") != version:
            return {"Error": {"Code": "ConditionalCheckFailed"}}
        row, values = dict(rows[place]), iter(parameters[:-3])
        for verb, name in parts:
            if verb == "SET":
                row[name] = next(values)
            else:
                row.pop(name, None)
        rows[place] = row
        return {}

    def _dump(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Give the numbers of a table with their versions; an operation that DynamoDB does not have."""
        rows = self._rows[asked["TableName"]]
        return {"versions": {row["number"]["S"]: row["version"]["N"] for row in rows.values()}}


@contextmanager
def standing_in() -> Iterator[str]:
    """Start it on a free port of loopback; give its URL."""
    with StandIn(KEYS, module="benchmarks.harness.import_tables") as stand_in:
        yield stand_in.url


if __name__ == "__main__":
    serve(ConditionalTables)
