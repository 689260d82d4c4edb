"""A small client of DynamoDB: boto3's calls and answers for this service's operations, at a fraction of its cost.

The answers are boto3's without `ResponseMetadata`; binary values are refused, since no table here has any. Why it
exists, what it costs and when to drop it: decision 18.

A call is repeated when it may have failed (`dnc.aws.call`), and that is safe: a repeated read is a read, and every
write of this service is conditional on what was read, or puts what may be put twice. Who repeats a write that had
happened learns from the failed condition what stands, and the stores recognize their own write in it.
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

    def get_item(self, **asked: Any) -> dict[str, Any]:
        """Read one row; `Item` is missing when there is none."""
        return self.call("GetItem", asked)

    def batch_get_item(self, **asked: Any) -> dict[str, Any]:
        """Read up to 100 rows; what was not read is in `UnprocessedKeys`."""
        return self.call("BatchGetItem", asked)

    def query(self, **asked: Any) -> dict[str, Any]:
        """Read a page of rows of one partition."""
        return self.call("Query", asked)

    def put_item(self, **asked: Any) -> dict[str, Any]:
        """Write one row."""
        return self.call("PutItem", asked)

    def update_item(self, **asked: Any) -> dict[str, Any]:
        """Change one row."""
        return self.call("UpdateItem", asked)

    def delete_item(self, **asked: Any) -> dict[str, Any]:
        """Delete one row."""
        return self.call("DeleteItem", asked)

    def batch_write_item(self, **asked: Any) -> dict[str, Any]:
        """Write up to 25 rows without conditions; what was not written is in `UnprocessedItems`."""
        return self.call("BatchWriteItem", asked)

    def batch_execute_statement(self, **asked: Any) -> dict[str, Any]:
        """Run up to 25 PartiQL statements; each has its own `Error`."""
        return self.call("BatchExecuteStatement", asked)

    def transact_get_items(self, **asked: Any) -> dict[str, Any]:
        """Read up to 100 rows in one transaction."""
        return self.call("TransactGetItems", asked)

    def transact_write_items(self, **asked: Any) -> dict[str, Any]:
        """Write up to 100 rows in one transaction; without a `ClientRequestToken` it gets one, as with boto3."""
        return self.call("TransactWriteItems", {"ClientRequestToken": os.urandom(16).hex(), **asked})

    def call_all(self, operation: str, asked: Sequence[Mapping[str, Any] | bytes]) -> list[dict[str, Any]]:
        """Make calls side by side: all are sent before the first answer is read, ten at a time. Answers in order.

        What is asked is as `call` takes it, or JSON already.

        No threads: the waiting is DynamoDB's, and each call has a connection of its own. Raises as `call` does, for
        the first that fails; what became of the others is then not known.
        """
        answers = []
        for start in range(0, len(asked), SIDE_BY_SIDE):
            calls = [
                Call(self._endpoint, self.TARGET + operation, encoded(one))
                for one in asked[start : start + SIDE_BY_SIDE]
            ]
            try:
                for call in calls:
                    call.begin()
                answers += [call.result() for call in calls]
            finally:
                for call in calls:
                    call.abandon()
        return answers
