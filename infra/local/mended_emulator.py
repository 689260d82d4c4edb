"""The embedded cloud with one thing set right: rows written by PartiQL come through a table's stream, as on AWS.

ministack 1.5.33 writes them without a stream record, so an import would leave no audit on the local stack. When a
release of it has this, a test tells, and this module can go.
"""

import copy
from typing import Any

from ministack.app import main
from ministack.services import dynamodb


def mend() -> None:
    """Let inserts and updates by PartiQL write stream records."""
    insert, update = dynamodb._partiql_insert, dynamodb._partiql_update  # noqa: SLF001

    def inserted(table: dict[str, Any], parsed: dict[str, Any]) -> Any:
        answer = insert(table, parsed)
        if answer[0] == 200:
            item = parsed.get("item", {})
            item = item["M"] if set(item) == {"M"} else item
            _tell(table, "INSERT", None, item)
        return answer

    def updated(table: dict[str, Any], parsed: dict[str, Any], data: Any = None) -> Any:
        before = copy.deepcopy(_row(table, parsed))
        answer = update(table, parsed, data)
        if answer[0] == 200:
            _tell(table, "MODIFY", before, _row(table, parsed))
        return answer

    dynamodb._partiql_insert, dynamodb._partiql_update = inserted, updated  # noqa: SLF001


def _row(table: dict[str, Any], parsed: dict[str, Any]) -> Any:
    hash_value, range_value, _, refused = dynamodb._partiql_key_target(table, parsed)  # noqa: SLF001
    return None if refused else table["items"].get(hash_value, {}).get(range_value)


def _tell(table: dict[str, Any], name: str, before: Any, after: Any) -> None:
    dynamodb._emit_stream_event(table["TableName"], name, before, copy.deepcopy(after))  # noqa: SLF001


if __name__ == "__main__":
    mend()
    main()
