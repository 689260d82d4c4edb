"""Connects the service's own client to moto, which sees only the requests of boto3 and of the library `requests`."""

import threading

import pytest
import requests

from dnc.aws import connections
from dnc.aws.dynamodb import DynamoDB
from tests.support.consistency import assert_consistent
from tests.support.partiql import WithPartiQL

_ONE_AT_A_TIME = threading.Lock()
"""moto copies its tables without a lock, which fails if another thread writes meanwhile."""


class MotoConnection:
    """A connection for the service's own client that sends its signed bytes to moto and returns moto's response."""

    keep = used = True

    def send(self, request):
        head, _, body = request.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        assert_consistent(headers.get("X-Amz-Target", ""), body)
        with _ONE_AT_A_TIME:
            self._response = requests.post(f"https://{headers['Host']}/", data=body, headers=headers, timeout=5)

    def receive(self):
        headers = "".join(f"\r\n{name.lower()}: {value}" for name, value in self._response.headers.items())
        return connections.Response(self._response.status_code, headers.encode(), self._response.content)

    def claim(self, request_id):
        pass

    def is_fit(self):
        return True

    def close(self):
        pass


def connect(patch: pytest.MonkeyPatch) -> None:
    """Let every client of the service send its requests to moto, and run the PartiQL batches that moto cannot."""
    patch.setattr(connections.Connections, "_opened", lambda _: MotoConnection())
    execute = WithPartiQL.batch_execute_statement
    patch.setattr(DynamoDB, "batch_execute_statement", lambda self, **request: execute(WithPartiQL(self), **request))
