"""Random histories of an account: checks and scrubs agree with a plain model.

They have channels, prefixes, expiry, and removals that wait for a second person.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from dnc import times
from dnc.accounts.access import Caller, Role
from dnc.accounts.profiles import Profile
from dnc.api.add_request import read_add
from dnc.api.number_requests import AddNumber
from dnc.api.request_reader import read_body
from dnc.aws import wire
from dnc.bulk.scrubs import listed as scrub_list
from dnc.bulk.scrubs.piece import also_by_prefix
from dnc.checks import check
from dnc.entries import entry as entries
from dnc.entries import pending, reasons
from dnc.entries.entry import LISTED, REMOVED, Actor, Change, Entry, Write

START = datetime(2026, 11, 1, tzinfo=UTC)
NUMBERS = ("+14155550100", "+14165550100", "+442079460958")
PREFIXES = ("+1415", "+1416", "+14", "+442", "+1900")
CHANNELS = ("text", "voice")
CALLER = Caller("key:k", Role.MANAGER, "acme")
ADDS = st.fixed_dictionaries(
    {"number": st.sampled_from(NUMBERS), "source": st.sampled_from(["sms", "manual", "registry", "suppression"])},
    optional={
        "channels": st.lists(st.sampled_from(CHANNELS), max_size=2),
        "note": st.just("asked"),
        "expires_in": st.integers(1, 5),
    },
)
STEPS = st.one_of(
    st.tuples(st.just("add"), ADDS),
    st.tuples(st.just("remove"), st.sampled_from(NUMBERS)),
    st.tuples(st.just("restore"), st.sampled_from(NUMBERS)),
    *(st.tuples(st.just(step), st.sampled_from(NUMBERS)) for step in ("ask", "approve", "reject")),
    st.tuples(st.just("block"), st.lists(st.sampled_from(PREFIXES), max_size=2, unique=True)),
    st.tuples(st.just("wait"), st.integers(1, 7)),
)


class Service:
    """The service's own rules, on rows as they are stored."""

    def __init__(self):
        self.items, self.prefixes, self.writes = {}, [], 0

    def entry(self, number):
        return Entry.of(wire.from_wire(self.items[number])) if number in self.items else None

    def store(self, entry):
        self.items[entry.number] = wire.to_wire(entry.item())

    def write(self, now):
        self.writes += 1
        return Write(now, Actor("key:k", "u-1"), f"r-{self.writes}")

    def add(self, body, now):
        add = read_body(AddNumber, body)
        for request in read_add(add, CALLER, now, "US").requests:
            current = self.entry(request.number)
            self.store(entries.request_listing("acme", current, request, self.write(now)).entry)

    def remove(self, number, now):
        entry = self.entry(number)
        if entry and entry.status_at(now) == LISTED:
            removal = {"reason": "legal_order", "evidence": {"reference": "o"}}
            self.store(reasons.remove(entry, removal, self.write(now), may_order=True))

    def ask(self, number, now):
        entry = self.entry(number)
        if entry and entry.status_at(now) == LISTED and not entry.pending_at(now):
            removal = {"reason": "legal_order", "evidence": {"reference": "o"}}
            self.store(pending.request(entry, removal, self.write(now), may_order=True))

    def approve(self, number, now):
        entry = self.entry(number)
        if entry and entry.status_at(now) == LISTED and entry.pending_at(now):
            self.store(pending.approve(entry, self.write(now), may_order=True))

    def reject(self, number, now):
        entry = self.entry(number)
        if entry and entry.status_at(now) == LISTED and entry.pending_at(now):
            self.store(pending.close(entry, Change.REMOVAL_REJECTED, self.write(now)))

    def restore(self, number, now):
        entry = self.entry(number)
        if entry and entry.status == REMOVED:
            self.store(entries.restore(entry, self.write(now)))

    def check(self, channel, now):
        row = {"account_id": "acme", "name": "A", "default_region": "US", "created_at": "", "changed_at": ""}
        profile = Profile({**row, "blocked_prefixes": self.prefixes})
        results = check.check_numbers(self, profile, list(NUMBERS), None, now, channel)["results"]
        return {result["number"]: result.get("source") for result in results if not result["callable"]}

    def scrub(self, channel, now):
        listed = also_by_prefix(
            lambda wanted: {n for n in wanted if n in self.items and scrub_list._blocks(self.items[n], channel, now)},
            tuple(self.prefixes),
        )
        return listed(NUMBERS)

    def statuses(self, numbers):
        return {number: wire.from_wire(self.items[number]) for number in numbers if number in self.items}


@dataclass
class Listing:
    """What the model remembers of a number."""

    source: str
    sources: set = field(default_factory=set)
    channels: set = field(default_factory=set)
    ends: datetime | None = None
    removed: bool = False
    asked_at: datetime | None = None


class Model:
    """The rules as a person would say them."""

    def __init__(self):
        self.listings, self.prefixes = {}, []

    def is_listed(self, number, now):
        listing = self.listings.get(number)
        return bool(listing and not listing.removed and (listing.ends is None or listing.ends > now))

    def add(self, body, now):
        channels = set(body.get("channels") or CHANNELS)
        if "note" not in body:
            channels = set(CHANNELS)
        may_expire = body["source"] in ("registry", "suppression")
        ends = times.parse(body["expires_at"]) if may_expire and "expires_at" in body else None
        number, source = body["number"], body["source"]
        if not self.is_listed(number, now):
            self.listings[number] = Listing(source, {source}, channels, ends)
            return
        listing = self.listings[number]
        listing.asked_at = None
        listing.sources.add(source)
        listing.channels |= channels
        listing.ends = None if listing.ends is None or ends is None else max(listing.ends, ends)

    def remove(self, number, now):
        if self.is_listed(number, now):
            self.listings[number].removed = True
            self.listings[number].asked_at = None

    def waits(self, number, now):
        asked_at = self.listings[number].asked_at if self.is_listed(number, now) else None
        return asked_at is not None and now < asked_at + timedelta(days=7)

    def ask(self, number, now):
        if self.is_listed(number, now) and not self.waits(number, now):
            self.listings[number].asked_at = now

    def approve(self, number, now):
        if self.waits(number, now):
            self.remove(number, now)

    def reject(self, number, now):
        if self.waits(number, now):
            self.listings[number].asked_at = None

    def restore(self, number, now):
        listing = self.listings.get(number)
        if listing and listing.removed:
            listing.removed = False
            if listing.ends and (listing.ends <= now or "sms" in listing.sources or "manual" in listing.sources):
                listing.ends = None

    def check(self, channel, now):
        blocked = {}
        for number in NUMBERS:
            if self.is_listed(number, now) and (channel is None or channel in self.listings[number].channels):
                blocked[number] = self.listings[number].source
            elif any(number.startswith(prefix) for prefix in self.prefixes):
                blocked[number] = "prefix"
        return blocked


def sent(fields, now):
    """Return the body of an add whose expiry is some days ahead."""
    days = fields.get("expires_in")
    body = {name: value for name, value in fields.items() if name != "expires_in"}
    return body | ({"expires_at": times.text(now + timedelta(days=days))} if days else {})


@settings(deadline=None, max_examples=200)
@given(st.lists(STEPS, min_size=30, max_size=60))
def test_every_check_agrees_with_a_plain_model(steps):
    service, model, now = Service(), Model(), START
    for kind, what in steps:
        now += timedelta(seconds=1)
        if kind == "wait":
            now += timedelta(days=what)
        elif kind == "block":
            service.prefixes = model.prefixes = what
        else:
            argument = sent(what, now) if kind == "add" else what
            getattr(service, kind)(argument, now)
            getattr(model, kind)(argument, now)
        for channel in (None, *CHANNELS):
            expected = model.check(channel, now)
            assert service.check(channel, now) == expected
            assert service.scrub(channel, now) == set(expected)
