"""The embedded cloud (ministack 1.5.33) with three patches, so that it does what AWS does.

- Rows written by PartiQL produce stream records. Without them, an import would leave no audit on the local stack.
- A REST API compresses its responses from `MinimumCompressionSize` on. Without that, the console would seem three times
  as large as it is.
- An imported API serves `x-amazon-apigateway-any-method`. Without it, a wrong method would return 404.

A test fails once a release of ministack does one of these by itself. Then delete that patch.
"""

import copy
import gzip
from typing import Any

from ministack.app import main
from ministack.services import apigateway_v1, dynamodb

_ANY_METHOD = "x-amazon-apigateway-any-method"


def patch() -> None:
    """Apply all patches."""
    _patch_streams()
    _patch_compression()
    _patch_any_method()


def _patch_any_method() -> None:
    """Make an imported API serve the method ANY."""
    import_operation = apigateway_v1._import_operation  # noqa: SLF001
    apigateway_v1._OPENAPI_HTTP_METHODS.add(_ANY_METHOD)  # noqa: SLF001

    def import_any(api_id: str, resource_id: str, method: str, *more: Any) -> Any:
        return import_operation(api_id, resource_id, "ANY" if method.lower() == _ANY_METHOD else method, *more)

    apigateway_v1._import_operation = import_any  # noqa: SLF001


def _patch_compression() -> None:
    execute = apigateway_v1._handle_execute_in_scope  # noqa: SLF001

    async def execute_compressed(api_id: str, stage: str, method: str, path: str, headers: Any, *more: Any) -> Any:
        status, sent, body = await execute(api_id, stage, method, path, headers, *more)
        smallest = (apigateway_v1._rest_apis.get(api_id) or {}).get("minimumCompressionSize")  # noqa: SLF001
        accepted = next((value for name, value in (headers or {}).items() if name.lower() == "accept-encoding"), "")
        if smallest is not None and "gzip" in str(accepted) and body and len(body) >= int(smallest):
            return status, {**sent, "Content-Encoding": "gzip"}, gzip.compress(body)
        return status, sent, body

    apigateway_v1._handle_execute_in_scope = execute_compressed  # noqa: SLF001


def _patch_streams() -> None:
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
