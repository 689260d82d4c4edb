"""The embedded cloud (ministack 1.5.33) with eight patches, so that it does what AWS does.

- Rows written by PartiQL produce stream records. Without them, an import would leave no audit on the local stack.
- A REST API compresses its responses from `MinimumCompressionSize` on. Without that, the console would seem three
  times as large as it is.
- An imported API serves `x-amazon-apigateway-any-method`. Without it, a wrong method would return 404.
- An update of a nested stack keeps the attributes of resources that do not change. Without them, a template with
  outputs such as `!GetAtt NumbersTable.StreamArn` could not be updated.
- A point-in-time restore returns a table as it was at that time. Without that, a rehearsed restore would lose nothing.
- A function's process receives each context as an object of one class. Without that, each invocation would make a class
  of its own, which only the garbage collector frees, and every function would seem to leak memory.
- A function's process continues after an error that its handler raised. Without that, each refused credential would
  cost a cold start, because the authorizer refuses by an error.
- The emulator's garbage collector looks at an object only until it has survived a full collection. Without that, each
  full collection would stop the emulator, for seconds once some ten thousand changes are stored.

A test fails once a release of ministack does one of these by itself. Then delete that patch.
"""

import copy
import gc
import gzip
import time
from collections import deque
from typing import Any

from ministack.app import main
from ministack.core import lambda_runtime
from ministack.services import apigateway_v1, dynamodb
from ministack.services.cloudformation import provisioners

_ANY_METHOD = "x-amazon-apigateway-any-method"
_NEW_CLASS = ('context = type("Context", (), {', "        })()\n")
_SAME_CLASS = ("context = _Context({", "        })\n")
_ERROR = '{"status": "error", "error": str(e), "trace": '
_RAISED = '{"status": "ok", "raised": True, "error": str(e), "trace": '
_CONTEXT = """
class _Context:
    def __init__(self, values):
        left = values.pop("get_remaining_time_in_millis")
        self.get_remaining_time_in_millis = lambda: left(None)
        self.__dict__.update(values)
"""
_CHANGES, _MOST_CHANGES = "changes", 1_000_000


def patch() -> None:
    """Apply all patches."""
    _patch_streams()
    _patch_compression()
    _patch_any_method()
    _patch_nested_updates()
    _patch_restore()
    _patch_context()
    _patch_errors()
    _patch_collections()


def _patch_any_method() -> None:
    """Make an imported API serve the method ANY."""
    import_operation = apigateway_v1._import_operation  # noqa: SLF001
    apigateway_v1._OPENAPI_HTTP_METHODS.add(_ANY_METHOD)  # noqa: SLF001

    def import_any(api_id: str, resource_id: str, method: str, *more: Any) -> Any:
        return import_operation(api_id, resource_id, "ANY" if method.lower() == _ANY_METHOD else method, *more)

    apigateway_v1._import_operation = import_any  # noqa: SLF001


def _patch_collections() -> None:
    gc.callbacks.append(_freeze_survivors)


def _freeze_survivors(phase: str, collection: dict[str, int]) -> None:
    """Exempt what a full collection has left: nearly all of it is rows, which stay."""
    if phase == "stop" and collection["generation"] == len(gc.get_count()) - 1:
        gc.freeze()


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


def _patch_context() -> None:
    """Make the processes of Python functions use one class for all contexts."""
    for before, after in zip(_NEW_CLASS, _SAME_CLASS, strict=True):
        _edit_script(before, after)
    lambda_runtime._PYTHON_WORKER_SCRIPT = _CONTEXT + lambda_runtime._PYTHON_WORKER_SCRIPT  # noqa: SLF001


def _patch_errors() -> None:
    """Hide a handler's error from the code that ends the process after one."""
    _edit_script(_ERROR, _RAISED)
    invoke = lambda_runtime.Worker.invoke

    def invoke_and_continue(worker: Any, *arguments: Any, **more: Any) -> dict[str, Any]:
        result: dict[str, Any] = invoke(worker, *arguments, **more)
        return {**result, "status": "error"} if result.pop("raised", False) else result

    lambda_runtime.Worker.invoke = invoke_and_continue


def _edit_script(before: str, after: str) -> None:
    """Replace a text in the script that runs the handlers of Python functions."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT  # noqa: SLF001
    if script.count(before) != 1:
        raise RuntimeError("The emulator runs functions in another way: see which of these patches are still needed.")
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(before, after)  # noqa: SLF001


def _patch_nested_updates() -> None:
    """Remember the attributes of the resources of nested stacks."""
    provision, update = provisioners._provision_resource, provisioners._update_resource  # noqa: SLF001
    attributes: dict[tuple[str, str], Any] = {}

    def provision_remembered(kind: str, *more: Any) -> Any:
        physical_id, new = provision(kind, *more)
        attributes[kind, physical_id] = new
        return physical_id, new

    def update_remembered(kind: str, physical_id: str, *more: Any) -> Any:
        updated_id, new = update(kind, physical_id, *more, old_attrs=attributes.get((kind, physical_id)))
        attributes[kind, updated_id] = new
        return updated_id, new

    provisioners._provision_resource, provisioners._update_resource = provision_remembered, update_remembered  # noqa: SLF001


def _patch_restore() -> None:
    """Make a table remember its last changes, and a restore undo those made after its time."""
    emit, restore = dynamodb._emit_stream_event, dynamodb._restore_table_to_point_in_time  # noqa: SLF001

    def emit_remembered(name: str, event: str, before: Any, after: Any, *more: Any, **options: Any) -> None:
        table = dynamodb._tables.get(name)  # noqa: SLF001
        if table is not None:
            changes = table.setdefault(_CHANGES, deque(maxlen=_MOST_CHANGES))
            changes.append((time.time(), before, after))
        emit(name, event, before, after, *more, **options)

    def restore_to_time(request: dict[str, Any]) -> Any:
        changes = dynamodb._tables.get(request.get("SourceTableName"), {}).get(_CHANGES, ())  # noqa: SLF001
        at = request.get("RestoreDateTime", time.time())
        if len(changes) == _MOST_CHANGES and at < changes[0][0]:
            return dynamodb.error_response_json("InvalidRestoreTimeException", "That was too many changes ago.", 400)
        response = restore(request)
        if response[0] == 200:
            table = dynamodb._tables[request["TargetTableName"]]  # noqa: SLF001
            for changed_at, before, after in reversed(changes):
                if changed_at <= at:
                    break
                _undo(table, before, after)
            dynamodb._items_replaced(table)  # noqa: SLF001
        return response

    dynamodb._emit_stream_event, dynamodb._restore_table_to_point_in_time = emit_remembered, restore_to_time  # noqa: SLF001


def _undo(table: dict[str, Any], before: Any, after: Any) -> None:
    hash_key, range_key = (
        dynamodb._extract_key_val((before or after).get(table[part])) if table[part] else "__no_sort__"  # noqa: SLF001
        for part in ("pk_name", "sk_name")
    )
    if before:
        table["items"][hash_key][range_key] = copy.deepcopy(before)
    else:
        table["items"][hash_key].pop(range_key, None)


def _row(table: dict[str, Any], parsed: dict[str, Any]) -> Any:
    hash_value, range_value, _, error = dynamodb._partiql_key_target(table, parsed)  # noqa: SLF001
    return None if error else table["items"].get(hash_value, {}).get(range_value)


def _write_record(table: dict[str, Any], name: str, before: Any, after: Any) -> None:
    dynamodb._emit_stream_event(table["TableName"], name, before, copy.deepcopy(after))  # noqa: SLF001


if __name__ == "__main__":
    patch()
    main()
