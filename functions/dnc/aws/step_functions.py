"""Step Functions, as far as this service uses it: starting a state machine, by the service's own client (decision 18).

A start that may have failed is repeated: with the same name and input it is the same execution, and with another input
`ExecutionAlreadyExists`.
"""

from __future__ import annotations

from dnc.aws.call import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class StepFunctions(Client):
    """Step Functions at one endpoint; threads may share it."""

    SERVICE = "states"
    TARGET = "AWSStepFunctions."
    VARIABLE = "AWS_ENDPOINT_URL_SFN"

    def start_execution(self, **asked: Any) -> dict[str, Any]:
        """Start a state machine. `name`: of the execution; `input`: JSON text."""
        return self.call("StartExecution", asked)
