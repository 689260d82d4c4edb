"""Rows in DynamoDB's typed form: the same as boto3's serializers, or an error."""

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


@pytest.mark.parametrize("value", [1.5, bytearray(b"x"), {1, "x"}, {b"x", "x"}, object(), Decimal("NaN")])
def test_a_value_without_a_form_in_dynamodb_is_refused(value):
    with pytest.raises((TypeError, ArithmeticError)):
        wire.to_wire({"a": value})


@pytest.mark.parametrize("number", [Decimal("Infinity"), Decimal("-Infinity"), 10**126, 3**100])
def test_numbers_that_dynamodb_would_round_or_refuse_are_refused(number):
    with pytest.raises((TypeError, ArithmeticError)):
        wire.to_wire({"a": number})


@pytest.mark.parametrize("typed", [{}, {"S": "a", "N": "1"}, {"X": 1}])
def test_an_unknown_type_is_refused(typed):
    with pytest.raises(TypeError):
        wire.from_wire({"a": typed})


@given(st.binary(), st.sets(st.binary(), min_size=1, max_size=3))
def test_binary_values_are_base64_on_the_wire_and_bytes_in_boto3(one, several):
    row = {"one": one, "several": several}
    item = wire.to_wire(row)
    assert wire.from_wire(item) == row
    decoded = {name: boto3_writes.serialize(value) for name, value in row.items()}
    assert wire.from_wire(decoded) == row
    assert wire.plain(row) == {name: wire.plain_from_wire(value) for name, value in item.items()}
    assert wire.whole_from_wire(item["one"]) == one
