"""What an agent is shown of an entry: everything but what a person wrote or said."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from dnc import times
from dnc.accounts.access import Caller, Role
from dnc.accounts.profiles import Profile
from dnc.api import entry_view
from dnc.entries import entry as entries
from dnc.entries import pending, reasons
from dnc.entries.entry import Actor, Request, Source, Write

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PROFILE = Profile({"account_id": "acme", "name": "Acme", "created_at": times.text(NOW), "changed_at": times.text(NOW)})


def write(minutes):
    return Write(NOW + timedelta(minutes=minutes), Actor("key:k", "u-1"), f"r-{minutes}")


def request(word):
    details = {"note": f"{word} note", "consumer_name": f"{word} name", "campaign_id": "spring"}
    details["requested_at_text"] = f"{word} text"
    return Request("+14155550100", Source.MANUAL, times.text(NOW), details)


LISTED = entries.request_listing("acme", None, request("first"), write(0)).entry
ASKED_AGAIN = entries.request_listing("acme", LISTED, request("second"), write(1)).entry
REMOVAL = {"reason": "consent_given", "note": "removal note"}
REMOVAL["evidence"] = {"reference": "evidence text", "obtained_at": times.text(NOW + timedelta(minutes=1))}
REMOVAL["evidence"]["purpose"] = "evidence purpose"
REMOVED = reasons.remove(ASKED_AGAIN, REMOVAL, write(2), may_order=False)
WAITING = pending.request(ASKED_AGAIN, REMOVAL, write(2), may_order=False)
FREE = ("first note", "first name", "first text", "second note", "second name", "second text", "removal note")
FREE += ("evidence text", "evidence purpose")


def shown(entry, role):
    return entry_view.as_json(entry, NOW + timedelta(hours=1), Caller("key:k", role, "acme"), PROFILE)


@pytest.mark.parametrize("role", [Role.AGENT, Role.DIALER, Role.INTAKE])
def test_an_agent_is_shown_no_free_text_of_a_removal_that_waits(role):
    view = shown(WAITING, role)
    for text in FREE:
        assert text not in json.dumps(view)
    assert view["pending_removal"]["reason"] == "consent_given"


@pytest.mark.parametrize("role", [Role.AGENT, Role.DIALER, Role.INTAKE])
def test_an_agent_is_shown_no_free_text_of_a_request_or_a_removal(role):
    view = shown(REMOVED, role)
    for text in FREE:
        assert text not in json.dumps(view)
    assert view["campaign_id"] == view["last_request"]["campaign_id"] == "spring"
    assert (view["removal"]["reason"], view["removal"]["removed_by"]["acting_user"]) == ("consent_given", "u-1")


@pytest.mark.parametrize("role", [Role.MANAGER, Role.AUDITOR, Role.ADMIN, Role.OPERATOR])
def test_everyone_who_reads_the_audit_is_shown_all_of_it(role):
    view = json.dumps(shown(REMOVED, role))
    for text in FREE:
        assert text in view
