"""Who tells `make demo`: a stack, and the people who use it."""

import json
from typing import Any

import requests

from infra.local import stack


class StoryBroke(Exception):
    """Something did not go as the story says; the message says what."""


class Story:
    """A stack, and the people who use it."""

    def __init__(self, up: dict[str, Any]) -> None:
        """Take what `make up` wrote."""
        self.stack = up
        self.account_url = f"{up['base_url']}/accounts/{up['account_id']}"
        self.numbers = f"{self.account_url}/numbers"
        self._lambda = stack.client(up, "lambda")

    def ask(self, role: str, method: str, url: str, status: int, body: Any = None) -> dict[str, Any]:
        """Call the API as a role and give the answer, which must have this status."""
        headers = {"Authorization": f"Bearer {self.stack['tokens'][role]}"}
        answer = requests.request(method, url, json=body, headers=headers, timeout=60)
        if answer.status_code != status:
            raise StoryBroke(f"{method} {url} answered {answer.status_code}, not {status}: {answer.text[:500]}")
        told: dict[str, Any] = answer.json()
        return told

    def check(self, *numbers: str) -> list[dict[str, Any]]:
        """Check numbers as a dialer does: by a direct Invoke."""
        payload = {"account_id": self.stack["account_id"], "numbers": numbers}
        answer = self._lambda.invoke(
            FunctionName=self.stack["functions"]["check_numbers"], Payload=json.dumps(payload).encode()
        )
        told = json.load(answer["Payload"])
        if answer.get("FunctionError"):
            raise StoryBroke(f"the check raised {told}")
        results: list[dict[str, Any]] = told["results"]
        return results
