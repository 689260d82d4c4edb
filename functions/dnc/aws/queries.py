"""The patterns of DynamoDB access that more than one store needs, each written once.

They are reading every page of a query, reading every key of a batch, and writing under a condition. Each raises
Unavailable if DynamoDB is unreachable or throttles, and lets every other error pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dnc.aws.attempts import attempts
from dnc.aws.errors import error_code, refused, response_of, storage
from dnc.problems import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

KEYS_PER_BATCH = 100
"""The most keys that one BatchGetItem takes."""
_PATIENCE = 5.0


class Write(NamedTuple):
    """The outcome of a conditional write.

    `stored`: the row that is stored instead, in DynamoDB's typed form. It is known only if the write failed and
    `ReturnValuesOnConditionCheckFailure` was `ALL_OLD`; None if there is no row.
    """

    written: bool
    stored: dict[str, Any] | None = None


def pages(client: Any, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Read every page of a query, from `query["ExclusiveStartKey"]` if it has one."""
    request = dict(query)
    while True:
        with storage():
            page: dict[str, Any] = client.query(**request)
        yield page
        if not page.get("LastEvaluatedKey"):
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def rows(client: Any, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Read every row of a query, in DynamoDB's typed form."""
    for page in pages(client, query):
        yield from page["Items"]


def batch(
    client: Any, table: str, keys: Sequence[Mapping[str, Any]], patience: float = _PATIENCE, **options: Any
) -> Iterator[dict[str, Any]]:
    """Read rows by key, strongly consistent, in DynamoDB's typed form and in no order. Missing rows are left out.

    `keys`: any number, in typed form. `patience`: seconds for each 100 of them. `options`: of `KeysAndAttributes`.
    Raises Unavailable if some keys are still unread by then, so a key that was not read never counts as absent.
    """
    for i in range(0, len(keys), KEYS_PER_BATCH):
        request = {table: {"ConsistentRead": True, **options, "Keys": list(keys[i : i + KEYS_PER_BATCH])}}
        for _ in attempts(patience):
            with storage():
                response = client.batch_get_item(RequestItems=request)
            yield from response["Responses"].get(table, ())
            request = response.get("UnprocessedKeys")
            if not request:
                break
        else:
            raise Unavailable("Storage did not read every row in time. Try again; until then, do not call.")


def write_if(operation: Callable[..., object], **request: Any) -> Write:
    """Carry out a conditional write (`client.put_item`, `client.update_item`) and return whether its condition held."""
    try:
        with storage():
            operation(**request)
    except refused() as failed:
        if error_code(failed) != "ConditionalCheckFailedException":
            raise
        return Write(written=False, stored=response_of(failed).get("Item"))
    return Write(written=True)


def transact_if(client: Any, writes: Sequence[Mapping[str, Any]]) -> bool:
    """Carry out writes in one transaction; return False if it was canceled, by a condition or by another write."""
    try:
        with storage():
            client.transact_write_items(TransactItems=list(writes))
    except refused() as failed:
        if error_code(failed) != "TransactionCanceledException":
            raise
        return False
    return True
