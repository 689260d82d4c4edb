"""Lambda's context: what the handlers use of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Context:
    """The context of an invocation. `left`: milliseconds until its timeout."""

    left: int = 900_000
    aws_request_id: str = "test-1"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left."""
        return self.left
