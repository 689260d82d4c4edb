"""The console in a real Chromium, on the whole stack."""

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.support import axe as axe_core
from tests.support import chromium

SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
VIEWS = ("activity", "numbers", "add", "check", "week")
RUN_AXE = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`)"""
expect.set_options(timeout=30_000)  # the first call of a function starts it, on two cores


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        found = chromium.find()
    except chromium.NoBrowser as no_browser:
        pytest.skip(str(no_browser))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PLAYWRIGHT_NODEJS_PATH", chromium.node_for_playwright())
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=found.executable, env=dict(found.environment), args=SWITCHES
            )
            yield browser
            browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which looks for what keeps people out."""
    return axe_core.source()


class Console:
    """A tab with the console in it, and a person at its keyboard."""

    def __init__(self, page: Page, stack: dict[str, Any], account: str) -> None:
        self.page = page
        self.url = f"{stack['base_url']}/console"
        self.account = account
        self.failures: list[str] = []
        page.on("pageerror", lambda error: self.failures.append(f"uncaught: {error}"))
        page.on("dialog", lambda dialog: (self.failures.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        page.on("console", self._said)

    def _said(self, message: Any) -> None:
        # A failed request is the service's business, and is looked at where it is made on purpose.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.failures.append(message.text)

    def sign_in(self, token: str, view: str = "") -> None:
        self.page.goto(f"{self.url}#/{view}")
        self.page.get_by_label("Key").fill(token)
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible(timeout=30_000)

    def go(self, view: str) -> None:
        self.page.goto(f"{self.url}#/{view}")

    def heading(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_role("heading", level=1, name=words)).to_be_visible(timeout=30_000)

    def row(self, national: str) -> Any:
        return self.page.get_by_role("row").filter(has_text=national)

    def tab_to(self, wanted: Callable[[], bool], most: int = 80) -> None:
        """Press Tab until what is wanted has the focus."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if wanted():
                return
        raise AssertionError("it cannot be reached with the Tab key")

    def focused(self, selector: str) -> bool:
        return bool(self.page.evaluate("selector => document.activeElement.matches(selector)", selector))


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, timezone_id="America/New_York")
    yield context
    context.close()


@pytest.fixture
def console(context: BrowserContext, stack: dict[str, Any], account: str) -> Iterator[Console]:
    """A console with nobody signed in; the account is this test's own."""
    console = Console(context.new_page(), stack, account)
    yield console
    assert console.failures == []


@pytest.fixture
def add(client, account) -> Callable[..., dict[str, Any]]:
    """Adds a number over the API."""

    def one(number: str, **fields: Any) -> dict[str, Any]:
        body = {"number": number, "acting_user": "u-17", **fields}
        made = client.numbers("operator", "POST", body=body, account=account)
        assert made.status_code in (200, 201), made.text
        return made.json()

    return one


@pytest.fixture
def waited(client, account) -> Callable[[str, int], None]:
    """Waits until the audit of a number has so many events."""
    from tests.support.stack import wait_for

    def wait(number: str, events: int) -> None:
        wait_for(lambda: len(client.history(number, account).get("events", [])) >= events)

    return wait


@pytest.fixture
def unique() -> str:
    return uuid.uuid4().hex[:8]
