"""The whole stack on the emulator, with IAM enforced, on its own port and in its own folder."""

import fcntl
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.local import stack as local
from tests.support.contract import assert_documented
from tests.support.issuer import AUDIENCE, CLIENT_ID
from tests.support.openid_provider import Provider, running

FOLDER = local.ROOT / ".local" / "e2e"


class Client:
    """A client that knows only the contract and what `make up` printed."""

    def __init__(self, stack: dict[str, Any]) -> None:
        self.stack = stack
        self.lambda_ = local.client(stack, "lambda")
        self.session = requests.Session()

    def call(self, role, method, path, body=None, *, raw=None, token=None, headers=None):
        token = token or self.stack["tokens"].get(role)
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        if raw is not None:
            sent["Content-Type"] = "application/json"
        response = requests.request(
            method, self.stack["base_url"] + path, json=body, data=raw, headers=sent | (headers or {}), timeout=60
        )
        assert_documented(response, self.stack["base_url"])
        return response

    def numbers(self, role, method, path="", body=None, account=None, **more):
        account = account or self.stack["account_id"]
        return self.call(role, method, f"/accounts/{account}/numbers{path}", body, **more)

    def invoke(self, payload):
        response = self.lambda_.invoke(
            FunctionName=self.stack["functions"]["check_numbers"], Payload=json.dumps(payload).encode()
        )
        return json.load(response["Payload"]), response.get("FunctionError")

    def check(self, numbers, account=None):
        """Check numbers as a dialer does: retry on `Unavailable`, which a busy machine may cause."""
        payload = {"account_id": account or self.stack["account_id"], "numbers": numbers}
        result, error = wait_for(lambda: None if _is_unavailable(outcome := self.invoke(payload)) else outcome)
        assert error is None, result
        return result

    def history(self, number, account=None):
        return self.numbers("operator", "GET", f"/{number}/history?page_size=500", account=account).json()


def _is_unavailable(outcome: tuple[dict[str, Any], str | None]) -> bool:
    return str(outcome[0].get("errorMessage")).startswith("Unavailable: ")


def wait_for(poll: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Poll until the result is truthy, and return it. Fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        result = poll()
        if result:
            return result
        assert time.monotonic() < deadline, f"nothing within {seconds} s"
        time.sleep(0.05)


def numbers_in(text: str) -> list[str]:
    """Find complete numbers of the fictional range 555-01XX in any written form."""
    digits = re.sub(r"(?<=\d)[ ().-]{1,2}(?=\d)", "", text)
    return re.findall(r"(?<![\da-f.])1?([2-9]\d{2}55501\d{2})(?![\da-f])", digits)


@pytest.fixture(scope="session")
def issuer() -> Iterator[Provider]:
    """The OpenID Connect provider whose users may sign in to the console."""
    with running(CLIENT_ID, AUDIENCE) as provider:
        yield provider


@pytest.fixture(scope="session")
def own_folder() -> Iterator[None]:
    """Lock the folder, so that two runs in one checkout cannot stop each other's stack."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pytest.fail(f"another run of the tests uses the stack in {FOLDER}: wait until it ends")
        yield


@pytest.fixture(scope="session")
def stack(own_folder: None, issuer: Provider) -> Iterator[dict[str, Any]]:
    local.down(FOLDER, say=lambda _: None)
    parameters = {"OidcIssuer": issuer.url, "OidcAudience": AUDIENCE, "OidcClientId": CLIENT_ID}
    try:
        up = local.up(FOLDER, parameters=parameters)
        yield up
        lines = [message for _, _, message in local.log_lines(up)]
        assert not numbers_in("\n".join(lines)), "a function logged a phone number"
    finally:
        local.down(FOLDER, say=lambda _: None)


@pytest.fixture(scope="session")
def client(stack: dict[str, Any]) -> Client:
    return Client(stack)


@pytest.fixture
def account(client: Client) -> str:
    """A new account, used only by this test."""
    account_id = f"t-{uuid.uuid4().hex[:12]}"
    response = client.call("operator", "PUT", f"/accounts/{account_id}", {"name": "test", "default_region": "US"})
    assert response.status_code == 201, response.text
    return account_id


@pytest.fixture
def key(client: Client, account: str) -> Callable[[str], str]:
    """A function that creates a key of the test's account."""

    def make(role: str, **more: Any) -> str:
        response = client.call("operator", "POST", f"/accounts/{account}/keys", {"role": role, "name": "t", **more})
        assert response.status_code == 201, response.text
        return response.json()["token"]

    return make


@pytest.fixture(scope="session")
def build_folder(stack: dict[str, Any]) -> Path:
    return FOLDER / "build"
