"""A row that the service did not write is never clear: in a check, in both methods of a scrub, and in the list."""

import pytest

from benchmarks.harness.full_speed import FullSpeed
from dnc import times
from dnc.aws import clients
from dnc.bulk.scrubs import listed
from dnc.bulk.scrubs.listed import NumberSet, Reading
from dnc.entries.store import Numbers


class Pace(FullSpeed):
    """Counts the read units that were waited for."""

    units = 0.0

    def wait(self, units=0.0):
        self.units += units


NUMBER = "+14155550100"
REMOVAL = {"M": {"reason": {"S": "test_number"}, "removed_at": {"S": "2026-11-01T00:00:00.000Z"}}}
BY = {"M": {"principal": {"S": "key:k"}, "acting_user": {"S": "u"}}}
WHOLE = {"M": {**REMOVAL["M"], "removed_by": BY}}


def removed(removal=WHOLE, **more):
    """Return the attributes of a removed row. `removal`: its map, or what differs from a whole one."""
    return {"status": {"S": "removed"}, "removal": removal, **more}


def differing(**changes):
    return {"M": {name: value for name, value in (WHOLE["M"] | changes).items() if value}}


FORGED = {
    "removed without a removal": {"status": {"S": "removed"}},
    "removed without a person": {"status": {"S": "removed"}, "removal": REMOVAL},
    "a removal as text": {"status": {"S": "removed"}, "removal": {"S": "legal_order"}},
    "an expiry on a person's request": {"expires_at": {"N": "1"}},
    "an expiry that is not a whole number": {"expires_at": {"N": "1.5"}, "sources": {"SS": ["registry"]}},
    "an expiry as text": {"expires_at": {"S": "1"}, "sources": {"SS": ["registry"]}},
    "an expiry without sources": {"expires_at": {"N": "1"}, "sources": None},
    "no status": {"status": None},
    "another status": {"status": {"S": "cleared"}},
    "an expired status": {"status": {"S": "expired"}},
    "binary": {"status": {"B": "AAEC"}, "note": {"B": "AAEC"}},
    "a source and a time that JSON cannot hold": {"source": {"B": "AAEC"}, "listed_at": {"NS": ["1", "2"]}},
    "removed without a version": removed(version=None),
    "removed in version 0": removed(version={"N": "0"}),
    "removed in a version as text": removed(version={"S": "2"}),
    "removed in a version that is no whole number": removed(version={"N": "1.5"}),
    "removed without a reason": removed(differing(reason=None)),
    "removed for an empty reason": removed(differing(reason={"S": ""})),
    "removed at no time": removed(differing(removed_at={"S": ""})),
    "removed by an empty principal": removed(differing(removed_by={"M": {"principal": {"S": ""}}})),
    "removed by a text": removed(differing(removed_by={"S": "key:k"})),
    "an expiry as a truth value": {"expires_at": {"BOOL": True}, "sources": {"SS": ["registry"]}},
    "an expiry of which one source may not expire": {"expires_at": {"N": "1"}, "sources": {"SS": ["registry", "sms"]}},
}


@pytest.fixture
def forge(gateway, dynamodb, stream):
    gateway.add(NUMBER, source="web")
    key = {"account_id": {"S": "acme"}, "number": {"S": NUMBER}}
    row = dynamodb.get_item(TableName="numbers", Key=key)["Item"]

    def forged(changes):
        stream.set_row({name: value for name, value in (row | changes).items() if value})

    return forged


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_row_reads_as_listed_everywhere(gateway, dynamodb, forge, kind):
    forge(FORGED[kind])
    now = times.now()
    assert gateway.check([NUMBER])["results"][0]["status"] == "listed"
    parts = []
    own = clients.dynamodb()
    arguments = (
        own,
        "numbers",
        "acme",
        Reading(),
        None,
        now,
        lambda _, part: parts.append(part),
        FullSpeed(),
        lambda: False,
    )
    listed.read_list(*arguments)
    found = NumberSet()
    for part in parts:
        found.extend(part)
    assert found.has(NUMBER)
    pace = Pace()
    assert listed.looked_up(Numbers(own, "numbers", "acme"), [NUMBER, NUMBER], now, pace) == {NUMBER}
    assert pace.units == 1
    assert [e["number"] for e in gateway.numbers("manager", "GET").body["numbers"]] == [NUMBER]
    assert gateway.numbers("manager", "GET", "?status=removed").body["numbers"] == []
    assert gateway.numbers("manager", "GET", f"/{NUMBER}").body["status"] == "listed"


@pytest.mark.parametrize("kind", FORGED)
def test_an_add_to_a_forged_row_lists_the_number_properly_again(gateway, dynamodb, forge, kind):
    forge(FORGED[kind])
    assert gateway.numbers("agent", "POST", body={"number": NUMBER, "source": "sms"}).status == 200
    entry = gateway.numbers("manager", "GET", f"/{NUMBER}").body
    assert (entry["status"], entry["expires_at"], "sms" in entry["sources"]) == ("listed", None, True)


def test_a_removal_that_lacks_nothing_is_clear(gateway, forge):
    forge(removed())
    assert gateway.check([NUMBER])["results"][0]["status"] == "clear"


def test_rows_that_the_service_wrote_can_still_be_clear(gateway, forge):
    body = {"reason": "legal_order", "evidence": {"reference": "o"}, "if_version": 1, "acting_user": "u"}
    assert gateway.numbers("admin", "DELETE", f"/{NUMBER}", body).status == 200
    assert gateway.check([NUMBER])["results"][0]["status"] == "clear"
    forge({"expires_at": {"N": "1"}, "sources": {"SS": ["registry", "suppression"]}})
    assert gateway.check([NUMBER])["results"][0]["status"] == "clear"
