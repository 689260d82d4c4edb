"""The chain of an account's manifests under races: no fork, no second seal, no step that counts twice."""

import json
from datetime import timedelta

import pytest

from dnc import times
from dnc.bulk.exports import orders, store
from dnc.bulk.exports.format import ExportKind
from dnc.bulk.exports.gzip_file import FileSummary
from dnc.bulk.exports.manifest import NO_DIGEST
from dnc.bulk.exports.store import Exports, Superseded
from dnc.bulk.jobs import JobKind, JobStatus
from dnc.entries.entry import Actor
from tests.support.racing import Racing

NOW = times.parse("2026-11-24T12:00:00Z")
FILE = FileSummary("numbers-00001.csv.gz", 3, 10, "0" * 64)


class Ready:
    """Creates exports whose rows have all been read."""

    def __init__(self, client):
        self.client = client
        self.exports = Exports(client, "accounts", "acme")

    def made(self, kind=ExportKind.NUMBERS, since=None, until=None, nightly=False):
        request = {"kind": str(kind), "format": "csv", "from": since, "to": until}
        state = store.initial_state(nightly=nightly)
        job = self.exports.jobs.make(
            JobKind.EXPORT, request, Actor("key:a"), NOW, status=JobStatus.RUNNING, state=state
        )
        self.exports.jobs.begin(JobKind.EXPORT, job.id, "run", allowed=(JobStatus.RUNNING,), status=JobStatus.RUNNING)
        return self.exports.get(job.id)

    def read(self, **more):
        export = self.made(**more)
        assert self.exports.record_end(export, NOW)
        return self.exports.get(export.id)

    def racing(self, act):
        return Exports(Racing(self.client, act), "accounts", "acme")


@pytest.fixture
def ready(dynamodb):
    return Ready(dynamodb)


def sealed(ready, *exports):
    return [json.loads(ready.exports.seal(export, "v")) for export in exports]


@pytest.mark.parametrize("before", [0, 1], ids=["the first", "a later one"])
def test_two_manifests_that_are_sealed_at_once_follow_one_another(ready, before):
    sealed(ready, *[ready.read() for _ in range(before)])
    one, other = ready.read(), ready.read()
    first = []
    second = json.loads(ready.racing(lambda: first.extend(sealed(ready, other))).seal(one, "v"))
    assert (first[0]["index"], second["index"]) == (before + 1, before + 2)
    assert second["previous_export_id"] == other.id
    assert (first[0]["previous_sha256"] == NO_DIGEST) == (before == 0)
    assert ready.exports.chain()[0].length == before + 2


def test_an_export_that_is_sealed_twice_at_once_has_one_manifest(ready):
    export = ready.read()
    bodies = []
    bodies.append(ready.racing(lambda: bodies.append(ready.exports.seal(export, "v"))).seal(export, "other version"))
    assert bodies[0] == bodies[1]
    assert ready.exports.chain()[0].length == 1


class BetweenReads:
    """A client for races: somebody else acts between its first read and its second."""

    def __init__(self, client, act):
        self._client, self._act, self._reads = client, act, 0

    def __getattr__(self, name):
        return getattr(self._client, name)

    def get_item(self, **request):
        self._reads += 1
        if self._reads == 2:
            self._act()
        return self._client.get_item(**request)


def test_an_export_that_is_sealed_after_its_manifest_was_found_missing_has_one_manifest(ready):
    export = ready.read()
    bodies = []
    client = BetweenReads(ready.client, lambda: bodies.append(ready.exports.seal(export, "v")))
    bodies.append(Exports(client, "accounts", "acme").seal(export, "other version"))
    assert bodies[0] == bodies[1]
    assert ready.exports.chain()[0].length == 1


def test_an_export_that_was_sealed_is_not_sealed_again_at_the_end_of_a_longer_chain(ready):
    one, other = ready.read(), ready.read()
    body = ready.exports.seal(one, "v")
    sealed(ready, other)
    assert ready.exports.seal(one, "other version") == body
    assert ready.exports.chain()[0].length == 2


def test_an_export_that_starts_over_while_it_is_sealed_is_not_sealed(ready, monkeypatch):
    monkeypatch.setattr(store, "_ATTEMPTS", 2)
    export = ready.read()
    with pytest.raises(store.Unavailable):
        ready.racing(lambda: ready.exports.restart(export, times.text(NOW))).seal(export, "v")
    assert ready.exports.chain()[0].length == 0


def test_a_step_is_recorded_once(ready):
    export = ready.made()
    assert ready.exports.record_file(export, "+14155550100", FILE)
    assert not ready.exports.record_file(export, "+14155550100", FILE)
    assert not ready.exports.record_end(export, NOW)
    stored = ready.exports.get(export.id)
    assert (len(stored.state["files"]), stored.counts["rows"], stored.state["step"]) == (1, 3, 1)


def test_an_export_that_has_ended_records_no_step(ready):
    export = ready.made()
    ready.exports.jobs.fail(JobKind.EXPORT, export.id, "run", NOW, "stopped")
    assert not ready.exports.record_file(export, "+14155550100", FILE)
    assert not ready.exports.record_end(export, NOW)
    assert not ready.exports.restart(export, times.text(NOW))
    assert ready.exports.get(export.id).state["files"] == []


def test_a_night_whose_beginning_was_exported_meanwhile_starts_over(ready):
    window = {"since": times.text(NOW), "until": times.text(NOW + timedelta(days=1))}
    first, second = (ready.read(kind=ExportKind.AUDIT, nightly=True, **window) for _ in range(2))
    sealed(ready, first)
    with pytest.raises(Superseded) as superseded:
        ready.exports.seal(second, "v")
    assert superseded.value.until == window["until"]
    by_hand = ready.read(kind=ExportKind.AUDIT, **window)
    sealed(ready, by_hand)
    assert ready.exports.chain()[1] == window["until"]


def test_the_audit_is_exported_up_to_five_minutes_ago():
    def end(requested):
        return orders.window(ExportKind.AUDIT, NOW - timedelta(days=1), requested, times.text(NOW), NOW)[1]

    settled = times.text(NOW - timedelta(minutes=5))
    assert end(None) == end(NOW) == end(NOW + timedelta(days=1)) == end(NOW - timedelta(minutes=5)) == settled
    assert end(NOW - timedelta(minutes=6)) == times.text(NOW - timedelta(minutes=6))
