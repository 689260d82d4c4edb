"""What a filter reads: the range of the key, and whether most of its rows match."""

import pytest

from dnc.entries import filters
from dnc.entries.filters import Filters


@pytest.mark.parametrize(
    ("wanted", "prefix"),
    [
        (Filters(), None),
        (Filters(prefix="+1415"), "+1415"),
        (Filters(digits=("+1415",)), "+1415"),
        (Filters(digits=("415",)), None),
        (Filters(digits=("+1415", "+441")), None),
        (Filters(prefix="+44", digits=("+1415",)), "+44"),
    ],
)
def test_only_what_every_match_begins_with_narrows_the_key(wanted, prefix):
    query = filters.query(wanted)
    assert ("begins_with" in query["KeyConditionExpression"]) == (prefix is not None)
    assert query["ExpressionAttributeValues"].get(":prefix") == (prefix and {"S": prefix})


@pytest.mark.parametrize(
    ("wanted", "most_match"),
    [
        (Filters(), True),
        (Filters(status="all", prefix="+1"), True),
        (Filters(status="removed"), False),
        (Filters(source="sms"), False),
        (Filters(digits=("0112",)), False),
    ],
)
def test_a_page_reads_no_more_rows_than_it_returns_if_most_of_them_match(wanted, most_match):
    assert filters.unfiltered(wanted) == most_match
