"""What else may block the phone of an entry."""

from dnc.entries import related


def test_only_the_prefixes_that_a_number_begins_with_block_it():
    blocked = ["+1415", "+1900", "+44", "+449"]
    assert related.prefixes_of(["+14155550100", "+449012345678"], blocked) == ["+1415", "+44", "+449"]
    assert related.prefixes_of(["+33123456789"], blocked) == []
    assert related.prefixes_of([], blocked) == []
