"""The console with the whole stack. Each test has its own account."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.conftest import Console
from tests.support.stack import wait_for


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    expect.set_options(timeout=30_000)  # the first call of a function has to start it
    context = browser.new_context(viewport={"width": 1280, "height": 900}, timezone_id="America/New_York")
    yield context
    context.close()


@pytest.fixture
def console(context: BrowserContext, stack: dict[str, Any]) -> Iterator[Console]:
    """A console, signed out."""
    console = Console(context.new_page(), f"{stack['base_url']}/console")
    yield console
    assert console.failures == []


@pytest.fixture
def add(client, account) -> Callable[..., dict[str, Any]]:
    """A function that adds a number over the API."""

    def add(number: str, **fields: Any) -> dict[str, Any]:
        body = {"number": number, "acting_user": "u-17", **fields}
        response = client.numbers("operator", "POST", body=body, account=account)
        assert response.status_code in (200, 201), response.text
        return response.json()

    return add


@pytest.fixture
def entry(client, account) -> Callable[[str], dict[str, Any]]:
    """A function that reads a number over the API."""
    return lambda number: client.numbers("operator", "GET", f"/{number}", account=account).json()


@pytest.fixture
def recorded(client, account) -> Callable[[str, int], None]:
    """A function that waits until a number has that many audit events."""

    def wait(number: str, events: int) -> None:
        wait_for(lambda: len(client.history(number, account).get("events", [])) >= events)

    return wait
