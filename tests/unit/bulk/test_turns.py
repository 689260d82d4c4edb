"""Whose turn it is: never too many at once, always in order, and no ticket is lost."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dnc import times
from dnc.bulk import turns
from dnc.bulk.turns import LEASE, LONGEST_WAIT, Pool, assign_slot, wait_seconds

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
EVENTS_PER_ATTEMPT = 9
"""Wait: entered, exited; Task: entered, scheduled, started, succeeded, exited; Choice: entered, exited."""
MOST_EVENTS = 25_000

steps = st.lists(st.tuples(st.sampled_from(["ask", "ask", "end"]), st.integers(0, 7), st.integers(1, 900)), max_size=60)


@given(steps=steps, limit=st.integers(1, 3))
def test_jobs_run_in_the_order_in_which_they_first_asked_and_never_too_many(steps, limit):
    tickets, asked, now = {}, [], NOW
    for step, number, seconds in steps:
        job, now = f"import#{number}", now + timedelta(seconds=seconds)
        if step == "end":
            tickets.pop(job, None)
            asked = [one for one in asked if one != job]
            continue
        known = {one: ticket for one, ticket in tickets.items() if ticket.until > times.text(now)}
        was_running = {one for one, ticket in known.items() if ticket.running}
        tickets, _ = assign_slot(tickets, job, job, Pool.LARGE_IMPORTS, limit, now)
        asked = [one for one in asked if one in tickets and (one != job or job in known)]
        if job not in asked:
            asked.append(job)
        running = [one for one in asked if tickets[one].running]
        assert len(running) <= limit
        waiting_before = [one for one in asked[: asked.index(job)] if not tickets[one].running]
        has_slot = len(running) - tickets[job].running + len(waiting_before) < limit
        assert tickets[job].running is (has_slot or job in was_running)


@given(limit=st.integers(1, 4), jobs=st.integers(1, 12))
def test_every_job_has_its_turn_as_soon_as_those_before_it_have_ended(limit, jobs):
    tickets, waiting, ended = {}, [f"scrub#{i:02}" for i in range(jobs)], []
    for i, job in enumerate(waiting):
        tickets, before = assign_slot(tickets, job, "run", Pool.READERS, limit, NOW + timedelta(seconds=i))
        assert before == max(0, i - limit)
    while waiting:
        for job in waiting:
            tickets, _ = assign_slot(tickets, job, "run", Pool.READERS, limit, NOW + timedelta(seconds=jobs))
        done = next(job for job in waiting if tickets[job].running)
        ended.append(done)
        waiting.remove(done)
        del tickets[done]
    assert ended == sorted(ended)


def test_a_slot_whose_lease_has_ended_is_free():
    tickets, _ = assign_slot({}, "import#a", "run", Pool.LARGE_IMPORTS, 1, NOW)
    for at, has_turn in ((NOW + LEASE - timedelta(seconds=1), False), (NOW + LEASE, True)):
        after, _ = assign_slot(tickets, "import#b", "run", Pool.LARGE_IMPORTS, 1, at)
        assert after["import#b"].running is has_turn


def test_another_run_of_a_job_waits_again():
    tickets, _ = assign_slot({}, "import#a", "run-1", Pool.LARGE_IMPORTS, 1, NOW)
    tickets, _ = assign_slot(tickets, "import#b", "run-1", Pool.LARGE_IMPORTS, 1, NOW)
    tickets, before = assign_slot(tickets, "import#a", "run-2", Pool.LARGE_IMPORTS, 1, NOW + timedelta(seconds=1))
    assert (tickets["import#a"].running, before) == (False, 1)


def test_small_imports_and_readers_have_slots_of_their_own():
    tickets, _ = assign_slot({}, "import#a", "run", Pool.LARGE_IMPORTS, 1, NOW)
    for job, pool in (("import#b", Pool.SMALL_IMPORTS), ("scrub#c", Pool.READERS)):
        tickets, _ = assign_slot(tickets, job, "run", pool, 1, NOW)
        assert tickets[job].running
    assert turns.import_pool(9_999) == (Pool.SMALL_IMPORTS, 4)
    assert turns.import_pool(10_000) == (Pool.LARGE_IMPORTS, 1)


def test_a_wait_fits_in_an_executions_history_and_in_a_lease():
    questions, waited = 0, 0.0
    for before in (1, 0):  # the longest wait behind others, and then the longest as the next one
        waited = 0.0
        while waited < LONGEST_WAIT.total_seconds():
            seconds = wait_seconds(waited, before)
            assert 10 <= seconds < LEASE.total_seconds() / 2
            questions, waited = questions + 1, waited + seconds
    assert questions * EVENTS_PER_ATTEMPT < MOST_EVENTS


@given(waited=st.floats(0, LONGEST_WAIT.total_seconds()), before=st.integers(0, 50))
def test_a_job_starts_soon_after_its_turn_has_come(waited, before):
    assert wait_seconds(waited, before) <= 10 + waited / 20
