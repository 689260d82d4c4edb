"""The console in a real Chromium: here with an in-memory API, and in the folder `stack` with the whole stack."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests.browser.fake import TOKEN, FakeApi
from tests.support import axe as axe_core
from tests.support import chromium

SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
RUN_AXE = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`)"""
SIZE = (1280, 900)


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
    """The source of axe-core, which finds accessibility problems."""
    return axe_core.source()


class Console:
    """A tab with the console, and what a person does in it. `failures`: errors and warnings of the page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.failures: list[str] = []
        page.on("pageerror", lambda error: self.failures.append(f"uncaught: {error}"))
        page.on("dialog", lambda dialog: (self.failures.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        page.on("console", self._logged)

    def _logged(self, message: Any) -> None:
        # Tests that make requests fail check for that themselves.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.failures.append(message.text)

    def sign_in(self, token: str = TOKEN, view: str = "") -> None:
        """Sign in with a key at the address of a view."""
        self.page.goto(f"{self.url}#/{view}")
        self.page.get_by_label("API key").fill(token)
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_label("API key")).to_have_count(0)

    def sign_out(self) -> None:
        self.account_menu()
        self.page.get_by_role("button", name="Sign out").click()

    def account_menu(self) -> None:
        self.page.locator(".who").click()

    def go(self, view: str) -> None:
        self.page.goto(f"{self.url}#/{view}")

    def heading(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_role("heading", level=1, name=words, exact=isinstance(words, str))).to_be_visible()

    def row(self, text: str) -> Locator:
        return self.page.get_by_role("row").filter(has_text=text)

    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def toast(self) -> Locator:
        return self.page.locator(".toast")

    def bin(self, national: str) -> Locator:
        return self.page.get_by_role("button", name=f"Remove {national} from DNC")

    def tab_to(self, wanted: Callable[[], bool], most: int = 80) -> None:
        """Press Tab until the wanted element has the focus."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if wanted():
                return
        raise AssertionError("the Tab key does not reach it")

    def focused(self, selector: str) -> bool:
        return bool(self.page.evaluate("selector => document.activeElement.matches(selector)", selector))


class ConsoleWithFakeApi(Console):
    """The console with an in-memory API. Prepare `api`, then `open` the page."""

    def __init__(self, browser: Browser) -> None:
        self.api = FakeApi()
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.failures = []

    def open(
        self,
        role: str = "manager",
        view: str = "",
        *,
        person: str | None = None,
        signed_in: bool = True,
        **context: Any,
    ) -> Page:
        """Open the page in a new browser context, sign in with a role, and return it."""
        self.api.become(role, person=person)
        self.load(**context)
        if signed_in:
            self.sign_in(view=view)
        else:
            self.go(view)
        return self.page

    def load(self, *, size: tuple[int, int] = SIZE, zone: str = "America/New_York", **context: Any) -> None:
        self.context = self._browser.new_context(
            viewport={"width": size[0], "height": size[1]}, timezone_id=zone, **context
        )
        self.context.set_default_timeout(10_000)
        self._contexts.append(self.context)
        url = self.api.serve(self.context)
        failures = self.failures
        super().__init__(self.context.new_page(), url)
        self.failures = failures

    def tab(self) -> Page:
        """Open another tab of the same browser."""
        return self.context.new_page()

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def console(browser: Browser) -> Iterator[ConsoleWithFakeApi]:
    """The console with an in-memory API, signed out."""
    expect.set_options(timeout=10_000)
    console = ConsoleWithFakeApi(browser)
    yield console
    console.close()
    assert console.failures == []
