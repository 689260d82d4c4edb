"""The console on the whole stack, with an account of each test's own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.conftest import Console
from tests.support.stack import wait_for


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    expect.set_options(timeout=30_000)  # the first call of a function starts it, on two cores
    context = browser.new_context(viewport={"width": 1280, "height": 900}, timezone_id="America/New_York")
    yield context
    context.close()


@pytest.fixture
def console(context: BrowserContext, stack: dict[str, Any]) -> Iterator[Console]:
    """A console with nobody signed in."""
    console = Console(context.new_page(), f"{stack['base_url']}/console")
    yield console
    assert console.failures == []


@pytest.fixture
def add(client, account) -> Callable[..., dict[str, Any]]:
    """Adds a number over the API."""

    def add(number: str, **fields: Any) -> dict[str, Any]:
        body = {"number": number, "acting_user": "u-17", **fields}
        response = client.numbers("operator", "POST", body=body, account=account)
        assert response.status_code in (200, 201), response.text
        return response.json()

    return add


@pytest.fixture
def entry(client, account) -> Callable[[str], dict[str, Any]]:
    """Reads a number over the API."""
    return lambda number: client.numbers("operator", "GET", f"/{number}", account=account).json()


@pytest.fixture
def recorded(client, account) -> Callable[[str, int], None]:
    """Waits until the audit of a number has so many events."""

    def wait(number: str, events: int) -> None:
        wait_for(lambda: len(client.history(number, account).get("events", [])) >= events)

    return wait
