"""The embedded cloud with one patch: rows written by PartiQL produce stream records, as on AWS.

ministack 1.5.33 writes them without a stream record, so an import would leave no audit on the local stack. A test fails
once a release of ministack produces these records. Then delete this module.
"""

import copy
from typing import Any

from ministack.app import main
from ministack.services import dynamodb


def patch() -> None:
    """Make PartiQL inserts and updates write stream records."""
    insert, update = dynamodb._partiql_insert, dynamodb._partiql_update  # noqa: SLF001

    def insert_with_record(table: dict[str, Any], parsed: dict[str, Any]) -> Any:
        response = insert(table, parsed)
        if response[0] == 200:
            item = parsed.get("item", {})
            item = item["M"] if set(item) == {"M"} else item
            _write_record(table, "INSERT", None, item)
        return response

    def update_with_record(table: dict[str, Any], parsed: dict[str, Any], data: Any = None) -> Any:
        before = copy.deepcopy(_row(table, parsed))
        response = update(table, parsed, data)
        if response[0] == 200:
            _write_record(table, "MODIFY", before, _row(table, parsed))
        return response

    dynamodb._partiql_insert, dynamodb._partiql_update = insert_with_record, update_with_record  # noqa: SLF001


def _row(table: dict[str, Any], parsed: dict[str, Any]) -> Any:
    hash_value, range_value, _, error = dynamodb._partiql_key_target(table, parsed)  # noqa: SLF001
    return None if error else table["items"].get(hash_value, {}).get(range_value)


def _write_record(table: dict[str, Any], name: str, before: Any, after: Any) -> None:
    dynamodb._emit_stream_event(table["TableName"], name, before, copy.deepcopy(after))  # noqa: SLF001


if __name__ == "__main__":
    patch()
    main()
