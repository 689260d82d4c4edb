"""EventBridge, as far as this service uses it: putting events on a bus, by the service's own client (decision 18).

A put that may have failed is repeated, so an event can come twice: EventBridge itself promises no more than that.
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

    def put_events(self, **asked: Any) -> dict[str, Any]:
        """Put up to ten events on a bus; `Entries` has an `ErrorCode` for each that was not taken."""
        return self.call("PutEvents", asked)
