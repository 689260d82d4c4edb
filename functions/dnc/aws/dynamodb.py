"""A small DynamoDB client: boto3's calls and responses for this service's operations, at a fraction of the cost.

Responses are boto3's without `ResponseMetadata`, and binary values are in base 64. Decision 18 says why it exists, what
it costs and when to drop it.

A call that may have failed is retried (`dnc.aws.call`). That is safe: every write of this service is conditional on
what was read, or idempotent. If a retried write had already succeeded, its condition fails, and the store recognizes
its own write in the stored row.
"""

from __future__ import annotations

import os

from dnc.aws.call import Call, Client, encoded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

SIDE_BY_SIDE = 10


class DynamoDB(Client):
    """DynamoDB at one endpoint; threads may share it."""

    SERVICE = "dynamodb"
    TARGET = "DynamoDB_20120810."
    VARIABLE = "AWS_ENDPOINT_URL_DYNAMODB"

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Read one row. `Item` is missing if there is none."""
        return self.call("GetItem", request)

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Read up to 100 rows. Keys that were not read are in `UnprocessedKeys`."""
        return self.call("BatchGetItem", request)

    def query(self, **request: Any) -> dict[str, Any]:
        """Read a page of rows of one partition."""
        return self.call("Query", request)

    def put_item(self, **request: Any) -> dict[str, Any]:
        """Write one row."""
        return self.call("PutItem", request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Change one row."""
        return self.call("UpdateItem", request)

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """Delete one row."""
        return self.call("DeleteItem", request)

    def batch_write_item(self, **request: Any) -> dict[str, Any]:
        """Write up to 25 rows without conditions. Rows that were not written are in `UnprocessedItems`."""
        return self.call("BatchWriteItem", request)

    def batch_execute_statement(self, **request: Any) -> dict[str, Any]:
        """Run up to 25 PartiQL statements. Each that failed has its own `Error`."""
        return self.call("BatchExecuteStatement", request)

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Write up to 100 rows in one transaction. Like boto3, it adds a `ClientRequestToken` if there is none."""
        return self.call("TransactWriteItems", {"ClientRequestToken": os.urandom(16).hex(), **request})

    def call_all(self, operation: str, requests: Sequence[Mapping[str, Any] | bytes]) -> list[dict[str, Any]]:
        """Make calls side by side, ten at a time: all are sent before the first response is read.

        Returns the responses in order. `requests`: as for `call`. No threads are needed, because each call has its own
        connection and only waits. Raises the errors of `call`, for the first failure; the outcome of the other calls is
        then unknown.
        """
        responses = []
        for start in range(0, len(requests), SIDE_BY_SIDE):
            calls = [
                Call(self._endpoint, self.TARGET + operation, encoded(request))
                for request in requests[start : start + SIDE_BY_SIDE]
            ]
            try:
                for call in calls:
                    call.begin()
                responses += [call.result() for call in calls]
            finally:
                for call in calls:
                    call.abandon()
        return responses
