"""Job ids."""

from datetime import UTC, datetime, timedelta

from dnc.bulk.jobs import new_id


def test_ids_sort_by_time_and_differ():
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    ids = [new_id(moment + timedelta(milliseconds=i)) for i in range(200)]
    assert ids == sorted(ids)
    assert all(len(i) == 26 and set(i) <= set("0123456789abcdefghjkmnpqrstvwxyz") for i in ids)
    assert len({new_id(moment) for _ in range(1000)}) == 1000
