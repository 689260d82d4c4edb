"""A client for the part of EventBridge that this service uses: putting events on a bus (decision 18).

A put that may have failed is retried, so an event can arrive twice. EventBridge itself promises at-least-once delivery.
"""

from __future__ import annotations

from dnc.aws.call import Client
from dnc.aws.sigv4 import JSON_1_1

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class EventBridge(Client):
    """EventBridge at one endpoint; threads may share it."""

    SERVICE = "events"
    TARGET = "AWSEvents."
    VARIABLE = "AWS_ENDPOINT_URL_EVENTBRIDGE"
    CONTENT_TYPE = JSON_1_1

    def put_events(self, **request: Any) -> dict[str, Any]:
        """Put up to ten events on a bus. `Entries` has an `ErrorCode` for each event that was refused."""
        return self.call("PutEvents", request)
