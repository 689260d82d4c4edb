"""A client for the part of Step Functions that this service uses: starting and reading executions (decision 18).

A start that may have failed is retried. The same name and input start the same execution; the same name with another
input is refused with `ExecutionAlreadyExists`.
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

    def start_execution(self, **request: Any) -> dict[str, Any]:
        """Start an execution. `name`: the execution's name; `input`: JSON text."""
        return self.call("StartExecution", request)

    def describe_execution(self, **request: Any) -> dict[str, Any]:
        """Read an execution's status by its `executionArn`. Raises AwsError `ExecutionDoesNotExist`."""
        return self.call("DescribeExecution", request)

    def list_executions(self, **request: Any) -> dict[str, Any]:
        """Read a page of a state machine's executions, newest first."""
        return self.call("ListExecutions", request)
