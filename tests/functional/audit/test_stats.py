"""Statistics of an account's list, over the API."""

import pytest


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
