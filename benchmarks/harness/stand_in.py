"""An HTTP stand-in for the AWS services that functions call while they are measured: DynamoDB, S3 and two more.

It runs in a process of its own, so that its work is not counted as the function's, listens on a free port of loopback,
answers from memory at once and checks nothing: it measures clients, it does not test them.
"""

import asyncio
import json
import re
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from benchmarks.harness.servers import ROOT, NotAnswered


class StandIn:
    """The stand-in as a process.

    `tables`: by name, `{"keys": [hash, range], "rows": [a row in DynamoDB's typed form, ...]}`; `objects`: of S3, texts
    by bucket and key (`/bucket/key`).
    """

    def __init__(
        self,
        tables: Mapping[str, Any],
        objects: Mapping[str, str] | None = None,
        module: str = "benchmarks.harness.stand_in",
    ) -> None:
        """Take what is there at the beginning. `module`: the one that calls `serve`."""
        self._module = module
        self._given = {"tables": tables, "objects": dict(objects or {})}
        self.url = ""
        self.pid = 0

    def __enter__(self) -> Self:
        """Start it and wait until it listens."""
        command = [sys.executable, "-m", self._module]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin  # noqa: S101
        assert self._process.stdout  # noqa: S101
        self._process.stdin.write(json.dumps(self._given).encode() + b"\n")
        self._process.stdin.flush()
        port = self._process.stdout.readline().decode().strip()
        if not port:
            raise NotAnswered("the stand-in for AWS did not start")
        self.url = f"http://127.0.0.1:{port}"
        self.pid = self._process.pid
        return self

    def __exit__(self, _t: type[BaseException] | None, _v: BaseException | None, _b: TracebackType | None) -> None:
        """Stop it: it ends when its input does."""
        assert self._process.stdin  # noqa: S101
        assert self._process.stdout  # noqa: S101
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


class Tables:
    """Rows in memory, read and written by DynamoDB's operations. No condition is checked."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        """Take rows in DynamoDB's typed form."""
        self._keys = {name: table["keys"] for name, table in tables.items()}
        self._rows = {
            name: {self._place(name, row): row for row in table.get("rows", ())} for name, table in tables.items()
        }

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer one operation by its name in X-Amz-Target; one that is not known here, with nothing."""
        found = getattr(self, f"_{operation.lower()}", None)
        answer: dict[str, Any] = found(asked) if found else {}
        return answer

    def _place(self, table: str, row: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(str(next(iter(row[name].values()))) for name in self._keys[table])

    def _getitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        row = self._rows[asked["TableName"]].get(self._place(asked["TableName"], asked["Key"]))
        return {} if row is None else {"Item": _projected(row, asked)}

    def _batchgetitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        responses = {}
        for table, wanted in asked["RequestItems"].items():
            rows = self._rows[table]
            found = (rows.get(self._place(table, key)) for key in wanted["Keys"])
            responses[table] = [_projected(row, wanted) for row in found if row is not None]
        return {"Responses": responses, "UnprocessedKeys": {}}

    def _putitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._rows[asked["TableName"]][self._place(asked["TableName"], asked["Item"])] = asked["Item"]
        return {}

    def _transactwriteitems(self, asked: dict[str, Any]) -> dict[str, Any]:
        for part in asked["TransactItems"]:
            if "Put" in part:
                self._putitem(part["Put"])
        return {}

    def _batchwriteitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        for table, requests in asked["RequestItems"].items():
            for request in requests:
                if "PutRequest" in request:
                    self._putitem({"TableName": table, "Item": request["PutRequest"]["Item"]})
        return {"UnprocessedItems": {}}

    def _batchexecutestatement(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Say of each statement that it was carried out."""
        return {"Responses": [{} for _ in asked["Statements"]]}

    def _query(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Give a partition's rows in order, as the key condition has it; a filter is not looked at, an index empty."""
        table = asked["TableName"]
        if asked.get("IndexName"):
            return {"Items": [], "Count": 0, "ScannedCount": 0}
        partition, wanted = _key_condition(asked)
        places = sorted(place for place in self._rows[table] if place[0] == partition and wanted(place[1]))
        if "ExclusiveStartKey" in asked:
            start = self._place(table, asked["ExclusiveStartKey"])
            places = [place for place in places if place > start]
        limit = asked.get("Limit", 1000)
        found = [self._rows[table][place] for place in places[:limit]]
        answer = {
            "Items": [_projected(row, asked) for row in found],
            "Count": len(found),
            "ScannedCount": len(found),
        }
        if len(places) > limit:
            answer["LastEvaluatedKey"] = {key: found[-1][key] for key in self._keys[table]}
        return answer

    def _putevents(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"FailedEntryCount": 0, "Entries": [{"EventId": str(n)} for n, _ in enumerate(asked["Entries"])]}


def _key_condition(asked: Mapping[str, Any]) -> tuple[str, Callable[[str], bool]]:
    """Give the partition that a Query asks for, and what it asks of the sort key."""
    condition = asked["KeyConditionExpression"]
    values = {name: str(next(iter(value.values()))) for name, value in asked["ExpressionAttributeValues"].items()}
    partition = values[re.findall(r"= *(:\w+)", condition)[0]]
    between = re.search(r"BETWEEN (:\w+) AND (:\w+)", condition)
    begins = re.search(r"begins_with\(\S+, (:\w+)\)", condition)
    compared = re.search(r"([<>]=?) *(:\w+)", condition)
    if between:
        return partition, lambda key: values[between[1]] <= key <= values[between[2]]
    if begins:
        return partition, lambda key: key.startswith(values[begins[1]])
    if compared:
        than = values[compared[2]]
        tell: dict[str, Callable[[str], bool]] = {
            "<": lambda key: key < than,
            "<=": lambda key: key <= than,
            ">": lambda key: key > than,
            ">=": lambda key: key >= than,
        }
        return partition, tell[compared[1]]
    return partition, lambda _: True


def _projected(row: dict[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    expression = asked.get("ProjectionExpression")
    if not expression:
        return row
    names = asked.get("ExpressionAttributeNames", {})
    wanted = [names.get(name.strip(), name.strip()) for name in expression.split(",")]
    return {name: row[name] for name in wanted if name in row}


class Objects:
    """Objects of S3 in memory, put and read by one request each."""

    def __init__(self, objects: Mapping[str, str]) -> None:
        """Take texts by path."""
        self._objects = {path: text.encode() for path, text in objects.items()}

    def answer(self, method: str, path: str, headers: str, body: bytes) -> tuple[str, bytes]:
        """Give the status with headers of its own, and a body."""
        if method == "PUT":
            self._objects[path] = body
            return '200 OK\r\nETag: "e"', b""
        found = self._objects.get(path)
        if found is None:
            return "404 Not Found", b"<Error><Code>NoSuchKey</Code></Error>"
        if method == "HEAD":
            return f'200 OK\r\nETag: "e"\r\nContent-Length: {len(found)}', b""
        start = re.search(r"\r\nrange: *bytes=(\d+)-", headers)
        if not start:
            return '200 OK\r\nETag: "e"', found
        first = int(start[1])
        told = f"206 Partial Content\r\nContent-Range: bytes {first}-{len(found) - 1}/{len(found)}"
        return f'{told}\r\nETag: "e"', found[first:]


class _Http(asyncio.Protocol):
    """One kept connection: a request, its answer, the next one."""

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
                answer = json.dumps(self._tables.answer(target[1], json.loads(body or b"{}"))).encode()
            else:
                method, path, _ = first.split(" ", 2)
                status, answer = self._objects.answer(method, path.partition("?")[0], headers, body)
            length = "" if "content-length" in status.lower() else f"Content-Length: {len(answer)}\r\n"
            head = (
                f"HTTP/1.1 {status}\r\nServer: Server\r\n{length}Connection: keep-alive\r\n"
                "x-amzn-RequestId: STANDIN0000000000000000000000000000000000000000000000\r\n"
                f"x-amz-crc32: {zlib.crc32(answer)}\r\n\r\n"
            )
            self._transport.write(head.encode() + answer)

    def _requests(self) -> Iterator[tuple[str, str, bytes]]:
        """Give the requests that are there whole: the first line, the headers in small letters, the body."""
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            first, _, rest = self._read[:end].decode("latin-1").partition("\r\n")
            headers = f"\r\n{rest.lower()}\r\n"
            length = re.search(r"\r\ncontent-length: *(\d+)\r\n", headers)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._read) < whole:
                if "\r\nexpect: 100-continue\r\n" in headers and len(self._read) == end + 4:
                    self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            body = self._read[end + 4 : whole]
            self._read = self._read[whole:]
            yield first, headers, body


def serve(kind: type[Tables] = Tables) -> None:
    """Be the stand-in: read from the input what is there, print the port, and end when the input does."""
    asyncio.run(_serve(kind))


async def _serve(kind: type[Tables]) -> None:
    given = json.loads(sys.stdin.readline())
    tables, objects = kind(given["tables"]), Objects(given["objects"])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Http(tables, objects), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    serve()
