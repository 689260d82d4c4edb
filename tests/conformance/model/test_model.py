"""Random histories of the real service behind a network that fails, compared with the rules in `plain_list`.

A request that fails may or may not have changed its number, so the stored row then decides which. Everything else is
exact: every status, every row, every check, and in the end every event. `make model` runs many and long histories.
"""

import itertools
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dnc import times
from tests.conformance.model import plain_list
from tests.conformance.model.plain_list import BOTH, Answer, Entry, Removal, Request
from tests.conformance.model.service import Service, running
from tests.support import tables
from tests.support.fault_proxy import FAULTS, SLOW

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES") or 0)
NUMBERS = ["+12125550110", "+14155550100", "+14155550101", "+442079460958"]
PREFIXES = [[], ["+1415"], ["+442", "+1212"]]
PEOPLE = ["ann", "bob"]
MORE_THAN_ATTEMPTS = 8
CHANNELS = [None, "voice", "text"]
DAY = 24 * 3600
JUMPS = [-2, 60, DAY, 8 * DAY]
PUBLISHED = {
    "listed": "NumberListed",
    "relisted": "NumberListed",
    "restored": "NumberListed",
    "removed": "NumberRemoved",
    "removal_requested": "RemovalRequested",
    "expired": "NumberExpired",
}
STATED = {"change", "changed_at", "changed_by", "request_id"}
"""What most events do not repeat of the row before: the event before has it."""

accounts = st.integers(0, 1)
numbers = st.sampled_from(NUMBERS)
people = st.sampled_from(PEOPLE)
which = st.integers(0, 7)
again = st.booleans()
channels = st.sampled_from([BOTH, BOTH, frozenset({"voice"}), frozenset({"text"})])
requests = st.builds(
    Request,
    source=st.sampled_from(["manual", "web", "registry", "suppression"]),
    channels=channels,
    key=st.sampled_from([None, "k-1", "k-2"]),
)
lasts = st.sampled_from([None, 120, 9 * DAY])
removals = st.sampled_from(["test_number", "consent_given"])
spoiled = st.lists(st.sampled_from([None, *FAULTS]), min_size=1, max_size=6)
failing = st.sampled_from([[fault] * MORE_THAN_ATTEMPTS for fault in FAULTS if fault not in SLOW])
faults = st.one_of(
    st.just([]),
    st.builds(lambda unspoiled, then: [None] * unspoiled + then, st.integers(0, 4), spoiled | failing),
)
decisions = st.sampled_from(["removed", "removal_rejected", "removal_withdrawn"])
VERBS = {"removed": "approve", "removal_rejected": "reject", "removal_withdrawn": "withdraw"}


class ListUnderFaults(RuleBasedStateMachine):
    """A history of two accounts. `entries`: what the rules say of each number."""

    def __init__(self, service: Service) -> None:
        super().__init__()
        self.service = service

    @initialize(listed=st.lists(st.tuples(accounts, numbers, requests), max_size=5))
    def begin(self, listed):
        self.accounts = self.service.make_accounts(PEOPLE, sorted(plain_list.NEEDS_SECOND_PERSON))
        self.entries: dict[tuple[int, str], Entry | None] = {(a, n): None for a in range(2) for n in NUMBERS}
        self.events: dict[tuple[int, str], list[str]] = {key: [] for key in self.entries}
        self.prefixes: list[list[str]] = [[], []]
        self.imports: list[tuple[int, str, list[str]]] = []
        self.latest: Any = None
        self.touched = 0
        self.next_fault = itertools.cycle(fault for fault in FAULTS if fault not in SLOW)
        self.next_number = itertools.cycle(NUMBERS)
        for account, number, request in listed:
            self._add(account, number, request, [])

    @property
    def now(self) -> int:
        return self.service.clock.now

    @rule(account=accounts, number=numbers, request=requests, lasts=lasts, faults=faults, again=again)
    def add(self, account, number, request, lasts, faults, again):
        self._add(account, number, replace(request, expires_at=lasts and self.now + lasts), faults, again=again)

    @rule(which=which, reason=removals, person=people, stale=st.sampled_from([0, 0, 0, 1]), faults=faults, again=again)
    def remove(self, which, reason, person, stale, faults, again):
        account, number = self._one_of(which, lambda entry: entry.listed)
        removal = Removal(reason, self.now if reason == "consent_given" else None)
        version = self._version(account, number, stale)
        body = {"reason": reason, "note": "as agreed", "if_version": version, "acting_user": person}
        if removal.obtained_at is not None:
            consent = {"reference": "crm-1", "purpose": "offers", "number": number}
            body["evidence"] = {**consent, "obtained_at": _text(removal.obtained_at)}
        self._request(
            (account, number),
            faults,
            lambda entry: plain_list.remove(entry, removal, version, person, self.now),
            lambda: self.accounts[account].numbers(person, "DELETE", f"/{number}", body),
            again=again,
        )

    @rule(which=which, decision=decisions, person=people, faults=faults, again=again)
    def decide(self, which, decision, person, faults, again):
        if not any(entry and entry.pending for entry in self.entries.values()):
            self.remove(which, "consent_given", "ann", 0, [], again=False)
        account, number = self._one_of(which, lambda entry: entry.pending)
        version = self._version(account, number, 0)
        body = {"if_version": version, "acting_user": person}
        self._request(
            (account, number),
            faults,
            lambda entry: plain_list.decide(entry, decision, version, person, self.now),
            lambda: self.accounts[account].numbers(person, "POST", f"/{number}/removal/{VERBS[decision]}", body),
            again=again,
        )

    @rule(which=which, person=people, faults=faults, again=again)
    def restore(self, which, person, faults, again):
        account, number = self._one_of(which, lambda entry: not entry.listed)
        version = self._version(account, number, 0)
        self._request(
            (account, number),
            faults,
            lambda entry: plain_list.restore(entry, version, person, self.now),
            lambda: self.accounts[account].numbers(
                person, "POST", f"/{number}/restore", {"if_version": version, "acting_user": person}
            ),
            again=again,
        )

    @precondition(lambda self: self.latest)
    @rule(faults=faults)
    def repeat_the_latest_request(self, faults):
        key, expected, send = self.latest
        self._request(key, faults, expected, send)

    @rule(account=accounts, found=st.lists(numbers, min_size=1, max_size=5), faults=faults)
    def import_file(self, account, found, faults):
        made_at, own = self.now, self.accounts[account]
        job = own.imports("ann", body={"filename": "list.csv", "bytes": 1, "source": "import"}).body["id"]
        self.imports.append((account, job, found))
        self.service.proxy.spoil(faults)
        self.service.run_import(own.upload(job, "\n".join(found).encode()), f"run-{job}")
        self._settle_import(account, found, lambda entry: plain_list.import_row(entry, job, made_at, self.now), job)

    @precondition(lambda self: self.imports)
    @rule(latest=st.integers(0, 2), changed=st.booleans(), faults=faults)
    def undo_an_import(self, latest, changed, faults):
        account, job, found = self.imports[-1 - latest % len(self.imports)]
        if changed:
            self._add(account, found[0], Request(), [])
        asked = self.accounts[account].imports("ann", f"/{job}/undo", {"acting_user": "ann"})
        assert asked.status == 200, asked
        if asked.body["status"] == "undone":
            return
        name, execution_input = self.service.machines.started[-1]
        self.service.proxy.spoil(faults)
        self.service.run_import(execution_input, name)
        self._settle_import(account, found, lambda entry: plain_list.undo_row(entry, job), job)

    @rule(account=accounts, prefixes=st.sampled_from(PREFIXES), faults=faults)
    def block_prefixes(self, account, prefixes, faults):
        self.service.proxy.spoil(faults)
        self.accounts[account].put(blocked_prefixes=prefixes)
        self.service.proxy.settle()
        assert self.accounts[account].put(blocked_prefixes=prefixes).status == 200
        self.prefixes[account] = prefixes
        self.service.clock.jump(31)  # a profile may be remembered for 30 seconds
        self.touched = account

    @rule(account=accounts, faults=faults)
    def suspend_for_a_moment(self, account, faults):
        own = self.accounts[account]
        self.service.proxy.spoil(faults)
        own.put(suspended=True)
        self.service.proxy.settle()
        assert own.put(suspended=True).status == 200
        self.service.clock.jump(31)
        assert self.service.check(own.id, NUMBERS, None) == "AccountSuspended"
        assert own.numbers("ann", "POST", "", {"number": NUMBERS[0]}).status == 401
        assert own.put(suspended=False).status == 200

    @rule(account=accounts, channel=st.sampled_from(CHANNELS), faults=faults)
    def check(self, account, channel, faults):
        self._check(account, channel, faults)

    @rule(seconds=st.sampled_from(JUMPS))
    def jump(self, seconds):
        self.service.clock.jump(seconds)

    @rule(faults=faults)
    def sweep(self, faults):
        self.service.proxy.spoil(faults)
        failures = self.service.sweep()
        spoiled = self._settled(failures)
        assert spoiled or not failures
        for key, entry in self.entries.items():
            lapsed = plain_list.lapse(entry, self.now)
            # Nothing depends on when a removal lapses: it may have been found expired before, and forgotten.
            self._adopt(key, [lapsed, Answer(200, entry)])

    @rule(faults=faults)
    def delete_expired_rows(self, faults):
        for (account, number), entry in self.entries.items():
            if entry and entry.listed and not entry.is_listed(self.now):
                self.service.expire(self.accounts[account].id, number)
                self._adopt((account, number), [Answer(200, None, "expired")])
        self.deliver(faults)

    @rule(faults=faults)
    def deliver(self, faults):
        self.service.proxy.spoil(faults)
        self.service.deliver()
        self._settled("delivered")

    @invariant()
    def every_check_is_right(self):
        for channel in CHANNELS:
            self._check(self.touched, channel, [])
        fault, number = next(self.next_fault), next(self.next_number)
        self._check(self.touched, None, [fault])
        self._check(self.touched, None, [fault] * MORE_THAN_ATTEMPTS, [number])
        self.service.clock.jump(1)

    def teardown(self):
        if sys.exc_info()[0] is None:
            self.service.deliver_all()
            for key in self.entries:
                self._verify_history(*key)

    def _add(self, account, number, request, faults, *, again=False):
        body = {"number": number, "source": request.source, "note": "by phone", "channels": sorted(request.channels)}
        if request.expires_at is not None:
            body["expires_at"] = _text(request.expires_at)
        if request.key:
            body["request_key"] = request.key
        self._request(
            (account, number),
            faults,
            lambda entry: plain_list.add(entry, request, self.now),
            lambda: self.accounts[account].numbers("ann", "POST", "", body),
            again=again,
        )

    def _request(self, key, faults, expected, send, *, again=False):
        """Send a request, and adopt what it did. A failure must have a fault, and may have changed its number.

        `again`: send it once more, as clients do that miss the response.
        """
        self.latest = (key, expected, send)
        self.touched = key[0]
        answer = expected(self.entries[key])
        self.service.proxy.spoil(faults)
        reply = send()
        spoiled = self._settled(reply.status)
        if reply.status >= 500:
            assert spoiled, reply
            self._adopt(key, [answer, Answer(0, self.entries[key])])
        else:
            assert reply.status == answer.status, (reply, answer)
            self._adopt(key, [answer])
        if again:
            self._request(key, [], expected, send)

    def _settle_import(self, account, found, expected, job):
        spoiled = self._settled(job)
        self.touched = account
        status = self.accounts[account].imports("ann", f"/{job}", method="GET").body["status"]
        assert spoiled or status in {"done", "undone"}, status
        for number in dict.fromkeys(found):
            before = self.entries[account, number]
            answers = [expected(before)]
            self._adopt((account, number), answers if status != "failed" else [*answers, Answer(0, before)])

    def _check(self, account, channel, faults, checked=NUMBERS):
        """Check numbers. Without a fault, the result is right; with one, it may also be an error."""
        self.service.proxy.spoil(faults)
        result = self.service.check(self.accounts[account].id, checked, channel)
        spoiled = self._settled(result)
        if isinstance(result, str):
            assert (result, bool(spoiled)) == ("Unavailable", True)
        else:
            assert result == self._callable(account, channel, checked), self.entries

    def _settled(self, outcome) -> list[str]:
        spoiled = self.service.proxy.settle()
        if spoiled:
            note(f"  -> {outcome} {spoiled}")
        return spoiled

    def _adopt(self, key, answers: list[Answer]) -> None:
        """Take the answer whose entry is stored. An acknowledged request has only one."""
        account, number = key
        stored = _visible_row(self.service.row(self.accounts[account].id, number))
        found = [answer for answer in answers if _visible(answer.entry) == stored]
        assert found, (stored, [_visible(answer.entry) for answer in answers])
        if found[0].event:
            self.events[key].append(found[0].event)
        self.entries[key] = found[0].entry

    def _callable(self, account: int, channel: str | None, checked: list[str]) -> list[bool]:
        prefixes = tuple(self.prefixes[account])
        return [
            plain_list.is_callable(self.entries[account, number], number, prefixes, channel, self.now)
            for number in checked
        ]

    def _one_of(self, which: int, fits: Callable[[Entry], Any]) -> tuple[int, str]:
        """Choose a number whose entry fits, or any number if there is none."""
        fitting = [key for key, entry in self.entries.items() if entry and fits(entry)] or list(self.entries)
        return fitting[which % len(fitting)]

    def _version(self, account: int, number: str, stale: int) -> int:
        entry = self.entries[account, number]
        return max(1, entry.version - stale) if entry else 1

    def _verify_history(self, account: int, number: str) -> None:
        """Every change has its event, in one intact chain without a gap, and the events together give the row."""
        own = self.accounts[account]
        reply = own.numbers("ann", "GET", f"/{number}/history?page_size=500")
        expected = self.events[account, number]
        if not expected:
            assert reply.status == 404, reply
            return
        events, chain = reply.body["events"], reply.body["chain"]
        assert [event["type"] for event in events] == expected
        assert (chain["intact"], chain["complete"], chain["length"]) == (True, True, len(expected)), chain
        row = None
        for event in events:
            assert _without_stated(event["before"]) == _without_stated(row)
            row = event["after"]
        stored = self.service.row(own.id, number)
        assert row == (_plain(stored) if stored else None)
        published = {
            (one["type"], one.get("sequence")) for one in self.service.bus.events if one.get("account_id") == own.id
        }
        for event in events:
            name = PUBLISHED.get(event["type"])
            assert name is None or (name, event["sequence"]) in published, event["type"]


def _visible(entry: Entry | None) -> Any:
    if entry is None:
        return None
    pending = entry.pending and (entry.pending.removal.reason, entry.pending.by, entry.pending.lapses_at)
    state = (entry.listed, entry.version, entry.requests, sorted(entry.sources), sorted(entry.channels))
    return (*state, entry.expires_at, entry.last_requested, pending)


def _visible_row(row: dict[str, Any] | None) -> Any:
    if row is None:
        return None
    waits = row.get("pending_removal")
    pending = waits and (waits["reason"], waits["asked_by"]["acting_user"], _seconds(waits["lapses_at"]))
    channels = sorted(row.get("channels", BOTH))
    state = (row["status"] == "listed", row["version"], row["requests"], sorted(row["sources"]), channels)
    return (*state, row.get("expires_at"), _seconds(row["last_requested_at"]), pending)


def _without_stated(row: dict[str, Any] | None) -> dict[str, Any] | None:
    return row and {name: value for name, value in row.items() if name not in STATED}


def _plain(value: Any) -> Any:
    """Return a stored value as JSON shows it."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, (set, list)):
        return sorted(value) if isinstance(value, set) else [_plain(inner) for inner in value]
    return int(value) if isinstance(value, Decimal) else value


def _text(seconds: int) -> str:
    return times.text(datetime.fromtimestamp(seconds, UTC))


def _seconds(text: str) -> int:
    return int(times.parse(text).timestamp())


@pytest.fixture(scope="module")
def service(local, make_client, endpoint):
    names = tables.create(local.client, "-model")
    with running(local.client, make_client("dynamodbstreams"), endpoint, names) as service:
        yield service


def test_no_history_makes_a_listed_number_callable_or_loses_a_change(service):
    of_every_run = settings(
        max_examples=EXAMPLES or 12,
        stateful_step_count=40 if EXAMPLES else 30,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(lambda: ListUnderFaults(service), settings=of_every_run)
