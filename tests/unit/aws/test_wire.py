"""Rows in DynamoDB's typed form: what boto3's serializers give, or a refusal."""

from decimal import Decimal

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given, settings
from hypothesis import strategies as st

from dnc.aws import wire

boto3_writes, boto3_reads = TypeSerializer(), TypeDeserializer()
numbers = st.integers(-(10**37), 10**37) | st.decimals(allow_nan=False, allow_infinity=False, places=3).filter(
    lambda number: abs(number) < 10**30
)
sets = st.sets(numbers, max_size=4) | st.frozensets(st.text(), max_size=4)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text() | sets,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
rows = st.dictionaries(st.text(min_size=1), values, max_size=6)


def sorted_sets(typed):
    if isinstance(typed, dict):
        return {k: sorted(v) if k in ("SS", "NS") and isinstance(v, list) else sorted_sets(v) for k, v in typed.items()}
    return [sorted_sets(inner) for inner in typed] if isinstance(typed, list) else typed


@settings(deadline=None)
@given(rows)
def test_rows_are_written_and_read_as_boto3_does(row):
    written = wire.to_wire(row)
    assert sorted_sets(written) == sorted_sets({name: boto3_writes.serialize(value) for name, value in row.items()})
    read = wire.from_wire(written)
    assert read == {name: boto3_reads.deserialize(value) for name, value in written.items()}
    assert str(read) == str({name: boto3_reads.deserialize(value) for name, value in written.items()})


@pytest.mark.parametrize("value", [1.5, b"x", bytearray(b"x"), {1, "x"}, {b"x"}, object(), Decimal("NaN")])
def test_what_has_no_form_is_refused(value):
    with pytest.raises((TypeError, ArithmeticError)):
        wire.to_wire({"a": value})


@pytest.mark.parametrize("number", [Decimal("Infinity"), Decimal("-Infinity"), 10**126, 3**100])
def test_numbers_that_dynamodb_would_round_or_refuse_are_refused(number):
    with pytest.raises((TypeError, ArithmeticError)):
        wire.to_wire({"a": number})


@pytest.mark.parametrize("typed", [{"B": "eA=="}, {"BS": ["eA=="]}, {}, {"S": "a", "N": "1"}, {"X": 1}])
def test_a_type_that_is_not_known_is_refused(typed):
    with pytest.raises(TypeError):
        wire.from_wire({"a": typed})
