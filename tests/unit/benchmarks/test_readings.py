"""The benchmark of readings compares readers that read the same."""

import pytest

from benchmarks import readings
from dnc.phone import reader as phone


@pytest.mark.parametrize("kind", readings.KINDS)
def test_every_text_has_one_reading_and_both_readers_agree(kind):
    written = readings.texts(kind, 200)
    assert len(set(written)) > 50
    numbers, exceptions = phone.classify_many(written, readings.KINDS[kind])
    assert exceptions == {}
    for reader in (readings.READINGS, readings.ONE_NUMBER):
        assert readings._call(f"{kind} {reader}")()
    assert len(numbers) == 200
