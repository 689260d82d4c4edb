"""Statistics of an account's list, over the API."""

from datetime import timedelta

import pytest

from dnc import times


def test_stats_count_the_events_in_the_audit(gateway, stream):
    for last in range(3):
        gateway.add(f"+1415555010{last}", source="web")
    entry = gateway.add("+14155550103", source="disposition")
    listed = stream.changes()
    removal = {"reason": "marked_by_mistake", "note": "typo", "if_version": entry["version"], "acting_user": "u"}
    assert gateway.numbers("manager", "DELETE", "/+14155550103", removal).status == 200
    removed = stream.changes()
    for records in (listed, removed, listed, removed):  # the stream is replayed
        stream.deliver(records)
    reply = gateway.call("auditor", "GET", "/accounts/acme/stats")
    assert len(reply.body["days"]) == 7
    assert reply.body["listed_total"] == 3
    assert reply.body["days"][-1]["listed"] == {"disposition": 1, "web": 3}
    assert reply.body["days"][-1]["removed"] == {"marked_by_mistake": 1}
    day = reply.body["days"][-1]["date"]
    for span in (f"from={day}&to={day}", f"from={day}T00:00:00Z&to={day}T12:00:00%2B00:00"):
        assert [d["date"] for d in gateway.call("manager", "GET", f"/accounts/acme/stats?{span}").body["days"]] == [day]


def test_late_listings_are_counted_once(gateway, stream, dynamodb):
    old = times.text(times.now() - timedelta(days=60))
    late = gateway.add("+14155550100", source="sms", requested_at=old)
    assert (late["late"], late["honor_by"] < late["listed_at"]) == (True, True)
    for number, fields in (
        ("+14155550101", {"source": "sms"}),
        ("+14155550102", {"source": "suppression", "requested_at": old}),
        ("+442079460958", {"source": "sms", "requested_at": old}),
    ):
        assert gateway.add(number, **fields)["late"] is False
    records = stream.changes()
    gateway.add("+14155550100", requested_at=old)
    removal = {"reason": "legal_order", "evidence": {"reference": "o"}, "if_version": 2, "acting_user": "u"}
    gateway.numbers("admin", "DELETE", "/+14155550100", removal)
    records += stream.changes()
    gateway.numbers("admin", "POST", "/+14155550100/restore", {"if_version": 3, "acting_user": "u"})
    records += stream.changes()
    stream.deliver(records)
    stream.deliver(records)
    for _ in range(2):
        day = gateway.call("auditor", "GET", "/accounts/acme/stats").body["days"][-1]
        assert (day["listed"], day["late"]) == ({"sms": 4, "suppression": 1}, 1)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-11-24&to=2026-11-23", "from"),
        ("from=2026-01-01&to=2026-11-23", "from"),
        ("from=yesterday", "from"),
        ("to=2026-02-30", "to"),
        ("day=2026-11-23", "day"),
    ],
)
def test_stats_of_an_invalid_time_span_are_refused(gateway, query, field):
    reply = gateway.call("manager", "GET", f"/accounts/acme/stats?{query}")
    assert (reply.status, reply.fields) == (422, [field])


@pytest.mark.parametrize("role", ["agent", "dialer", "intake", "other_admin"])
def test_other_roles_may_not_read_stats(gateway, role):
    assert gateway.call(role, "GET", "/accounts/acme/stats").status == 403
