"""A client for races: somebody else acts right before its next write, after it has read."""

from collections.abc import Callable
from typing import Any

_WRITES = {"put_item", "update_item", "transact_write_items", "batch_execute_statement"}


class Racing:
    """Wraps a client of DynamoDB. `act`: called once, before the first write."""

    def __init__(self, client: Any, act: Callable[[], object]) -> None:
        self._client, self._act = client, act
        self.acted = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if name not in _WRITES:
            return method

        def call(**request: Any) -> Any:
            if not self.acted:
                self.acted = True
                self._act()
            return method(**request)

        return call
