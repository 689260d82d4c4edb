"""A client whose batches leave every key unread, at first or forever."""

from typing import Any


class Unreading:
    """Wraps a client of DynamoDB. `times`: how many batches read nothing."""

    def __init__(self, client: Any, times: int) -> None:
        self._client, self._left = client, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        self._left -= 1
        if self._left >= 0:
            return {
                "Responses": {table: [] for table in request["RequestItems"]},
                "UnprocessedKeys": request["RequestItems"],
            }
        return self._client.batch_get_item(**request)
