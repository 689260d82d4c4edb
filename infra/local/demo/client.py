"""A client of the local stack for `make demo`, which stops the demo at the first unexpected response."""

import json
from typing import Any

import requests

from infra.local import stack


class DemoFailed(Exception):
    """The stack did not behave as the demo says. The message says what happened."""


class DemoClient:
    """Calls the local stack with the credentials of its different roles."""

    def __init__(self, description: dict[str, Any]) -> None:
        """Use the stack with this description, as `make up` wrote it."""
        self.stack = description
        self.account_url = f"{description['base_url']}/accounts/{description['account_id']}"
        self.numbers = f"{self.account_url}/numbers"
        self._lambda = stack.client(description, "lambda")

    def call(self, role: str, method: str, url: str, status: int, body: Any = None) -> dict[str, Any]:
        """Call the API with a role's key and return the response. Raises DemoFailed unless it has this status."""
        headers = {"Authorization": f"Bearer {self.stack['tokens'][role]}"}
        response = requests.request(method, url, json=body, headers=headers, timeout=60)
        if response.status_code != status:
            raise DemoFailed(f"{method} {url} returned {response.status_code}, not {status}: {response.text[:500]}")
        content: dict[str, Any] = response.json()
        return content

    def check(self, *numbers: str) -> list[dict[str, Any]]:
        """Check numbers as a dialer does, by direct Invoke, and return the results."""
        payload = {"account_id": self.stack["account_id"], "numbers": numbers}
        response = self._lambda.invoke(
            FunctionName=self.stack["functions"]["check_numbers"], Payload=json.dumps(payload).encode()
        )
        content = json.load(response["Payload"])
        if response.get("FunctionError"):
            raise DemoFailed(f"the check raised {content}")
        results: list[dict[str, Any]] = content["results"]
        return results
