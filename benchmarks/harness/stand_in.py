"""An HTTP stand-in for the AWS services that measured functions call: DynamoDB, S3 and two more.

It runs in its own process, so that its work does not count as the function's. It listens on a free loopback port,
responds from memory at once and checks nothing: it serves to measure clients, not to test them.
"""

import asyncio
import itertools
import json
import re
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from benchmarks.harness.servers import ROOT, NoResponse


class StandIn:
    """The stand-in as a process.

    `tables`: by name, `{"keys": [hash, range], "rows": [a row in DynamoDB's typed form, ...]}`. `objects`: the texts of
    S3 objects by bucket and key (`/bucket/key`).
    """

    def __init__(
        self,
        tables: Mapping[str, Any],
        objects: Mapping[str, str] | None = None,
        module: str = "benchmarks.harness.stand_in",
    ) -> None:
        """Set the initial tables and objects. `module`: the module that calls `serve`."""
        self._module = module
        self._initial = {"tables": tables, "objects": dict(objects or {})}
        self.url = ""
        self.pid = 0

    def __enter__(self) -> Self:
        """Start the process and wait until it listens."""
        command = [sys.executable, "-m", self._module]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin  # noqa: S101
        assert self._process.stdout  # noqa: S101
        self._process.stdin.write(json.dumps(self._initial).encode() + b"\n")
        self._process.stdin.flush()
        port = self._process.stdout.readline().decode().strip()
        if not port:
            raise NoResponse("the AWS stand-in did not start")
        self.url = f"http://127.0.0.1:{port}"
        self.pid = self._process.pid
        return self

    def __exit__(self, _t: type[BaseException] | None, _v: BaseException | None, _b: TracebackType | None) -> None:
        """Stop the process, which ends when its input is closed."""
        assert self._process.stdin  # noqa: S101
        assert self._process.stdout  # noqa: S101
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


class Tables:
    """Rows in memory, read and written with DynamoDB's operations. Conditions are not checked."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        """Store rows that are in DynamoDB's typed form."""
        self._keys = {name: table["keys"] for name, table in tables.items()}
        self._rows = {
            name: {self._key(name, row): row for row in table.get("rows", ())} for name, table in tables.items()
        }

    def respond(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Execute an operation, named as in X-Amz-Target. An unknown operation returns an empty response."""
        method = getattr(self, f"_{operation.lower()}", None)
        response: dict[str, Any] = method(request) if method else {}
        return response

    def _key(self, table: str, row: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(str(next(iter(row[name].values()))) for name in self._keys[table])

    def _getitem(self, request: dict[str, Any]) -> dict[str, Any]:
        row = self._rows[request["TableName"]].get(self._key(request["TableName"], request["Key"]))
        return {} if row is None else {"Item": _projected(row, request)}

    def _batchgetitem(self, request: dict[str, Any]) -> dict[str, Any]:
        responses = {}
        for table, batch in request["RequestItems"].items():
            rows = (self._rows[table].get(self._key(table, key)) for key in batch["Keys"])
            responses[table] = [_projected(row, batch) for row in rows if row is not None]
        return {"Responses": responses, "UnprocessedKeys": {}}

    def _putitem(self, request: dict[str, Any]) -> dict[str, Any]:
        self._rows[request["TableName"]][self._key(request["TableName"], request["Item"])] = request["Item"]
        return {}

    def _updateitem(self, request: dict[str, Any]) -> dict[str, Any]:
        """Set what a SET clause sets, a sum to its last term. Other clauses are ignored."""
        rows, key = self._rows[request["TableName"]], self._key(request["TableName"], request["Key"])
        row = rows.setdefault(key, dict(request["Key"]))
        names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
        clause = re.split(r" ?\b(?:ADD|REMOVE) ", request["UpdateExpression"])[0].removeprefix("SET ")
        for assignment in filter(None, clause.split(", ")):
            path, _, value = assignment.partition(" = ")
            *parents, last = (names.get(name, name) for name in path.split("."))
            at = row
            for parent in parents:
                at = at.get(parent, {}).get("M", {})  # nothing can be set inside a map that does not exist
            term = value.rpartition(" ")[2]
            if term in values:
                at[last] = values[term]
        return {"Attributes": row}

    def _transactwriteitems(self, request: dict[str, Any]) -> dict[str, Any]:
        for part in request["TransactItems"]:
            if "Put" in part:
                self._putitem(part["Put"])
        return {}

    def _batchwriteitem(self, request: dict[str, Any]) -> dict[str, Any]:
        for table, writes in request["RequestItems"].items():
            for write in writes:
                if "PutRequest" in write:
                    self._putitem({"TableName": table, "Item": write["PutRequest"]["Item"]})
        return {"UnprocessedItems": {}}

    def _batchexecutestatement(self, request: dict[str, Any]) -> dict[str, Any]:
        """Report success for each statement."""
        return {"Responses": [{} for _ in request["Statements"]]}

    def _query(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the matching rows of a partition, in order. Filters are ignored, and indexes are empty."""
        table = request["TableName"]
        if request.get("IndexName"):
            return {"Items": [], "Count": 0, "ScannedCount": 0}
        partition, matches = _key_condition(request)
        keys = sorted(key for key in self._rows[table] if key[0] == partition and matches(key[1]))
        if "ExclusiveStartKey" in request:
            start = self._key(table, request["ExclusiveStartKey"])
            keys = [key for key in keys if key > start]
        limit = request.get("Limit", 1000)
        rows = [self._rows[table][key] for key in keys[:limit]]
        response = {
            "Items": [_projected(row, request) for row in rows],
            "Count": len(rows),
            "ScannedCount": len(rows),
        }
        if len(keys) > limit:
            response["LastEvaluatedKey"] = {name: rows[-1][name] for name in self._keys[table]}
        return response

    def _putevents(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"FailedEntryCount": 0, "Entries": [{"EventId": str(n)} for n, _ in enumerate(request["Entries"])]}


def _key_condition(request: Mapping[str, Any]) -> tuple[str, Callable[[str], bool]]:
    """Return the partition of a Query, and a predicate for its sort key."""
    condition = request["KeyConditionExpression"]
    values = {name: str(next(iter(value.values()))) for name, value in request["ExpressionAttributeValues"].items()}
    partition = values[re.findall(r"= *(:\w+)", condition)[0]]
    between = re.search(r"BETWEEN (:\w+) AND (:\w+)", condition)
    begins = re.search(r"begins_with\(\S+, (:\w+)\)", condition)
    compared = re.search(r"([<>]=?) *(:\w+)", condition)
    if between:
        return partition, lambda key: values[between[1]] <= key <= values[between[2]]
    if begins:
        return partition, lambda key: key.startswith(values[begins[1]])
    if compared:
        bound = values[compared[2]]
        operators: dict[str, Callable[[str], bool]] = {
            "<": lambda key: key < bound,
            "<=": lambda key: key <= bound,
            ">": lambda key: key > bound,
            ">=": lambda key: key >= bound,
        }
        return partition, operators[compared[1]]
    return partition, lambda _: True


def _projected(row: dict[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    expression = request.get("ProjectionExpression")
    if not expression:
        return row
    names = request.get("ExpressionAttributeNames", {})
    attributes = [names.get(name.strip(), name.strip()) for name in expression.split(",")]
    return {name: row[name] for name in attributes if name in row}


class Objects:
    """S3 objects in memory, each written and read with one request."""

    def __init__(self, objects: Mapping[str, str]) -> None:
        """Store texts by path."""
        self._objects = {path: text.encode() for path, text in objects.items()}

    def respond(self, method: str, path: str, headers: str, body: bytes) -> tuple[str, bytes]:
        """Return the status line with any headers of its own, and the body."""
        if method == "PUT":
            self._objects[path] = body
            return '200 OK\r\nETag: "e"', b""
        stored = self._objects.get(path)
        if stored is None:
            return "404 Not Found", b"<Error><Code>NoSuchKey</Code></Error>"
        if method == "HEAD":
            return f'200 OK\r\nETag: "e"\r\nContent-Length: {len(stored)}', b""
        start = re.search(r"\r\nrange: *bytes=(\d+)-", headers)
        if not start:
            return '200 OK\r\nETag: "e"', stored
        first = int(start[1])
        status = f"206 Partial Content\r\nContent-Range: bytes {first}-{len(stored) - 1}/{len(stored)}"
        return f'{status}\r\nETag: "e"', stored[first:]


_request_ids = itertools.count(1)


class _Http(asyncio.Protocol):
    """One persistent connection, on which requests and responses alternate."""

    def __init__(self, tables: Tables, objects: Objects) -> None:
        self._tables = tables
        self._objects = objects
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        for first, headers, body in self._requests():
            target = re.search(r"\r\nx-amz-target: *\w+\.(\S+)", headers)
            if target:
                status = "200 OK\r\nContent-Type: application/x-amz-json-1.0"
                response = json.dumps(self._tables.respond(target[1], json.loads(body or b"{}"))).encode()
            else:
                method, path, _ = first.split(" ", 2)
                status, response = self._objects.respond(method, path.partition("?")[0], headers, body)
            length = "" if "content-length" in status.lower() else f"Content-Length: {len(response)}\r\n"
            head = (
                f"HTTP/1.1 {status}\r\nServer: Server\r\n{length}Connection: keep-alive\r\n"
                f"x-amzn-RequestId: {next(_request_ids):052}\r\n"
                f"x-amz-crc32: {zlib.crc32(response)}\r\n\r\n"
            )
            self._transport.write(head.encode() + response)

    def _requests(self) -> Iterator[tuple[str, str, bytes]]:
        """Yield each request that has arrived completely: the first line, the headers in lower case, the body."""
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            first, _, rest = self._read[:end].decode("latin-1").partition("\r\n")
            headers = f"\r\n{rest.lower()}\r\n"
            length = re.search(r"\r\ncontent-length: *(\d+)\r\n", headers)
            total = end + 4 + (int(length[1]) if length else 0)
            if len(self._read) < total:
                if "\r\nexpect: 100-continue\r\n" in headers and len(self._read) == end + 4:
                    self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            body = self._read[end + 4 : total]
            self._read = self._read[total:]
            yield first, headers, body


def serve(kind: type[Tables] = Tables) -> None:
    """Run the stand-in: read the initial data from the input, print the port, and end when the input is closed."""
    asyncio.run(_serve(kind))


async def _serve(kind: type[Tables]) -> None:
    initial = json.loads(sys.stdin.readline())
    tables, objects = kind(initial["tables"]), Objects(initial["objects"])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Http(tables, objects), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    serve()
