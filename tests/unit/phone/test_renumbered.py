"""The forms of one phone: renumbered plans, and plans with an optional digit."""

import phonenumbers
import pytest

from dnc.phone import reader as phone
from dnc.phone import renumbered

CHANGED = [
    ("+552188765432", "+5521988765432"),
    ("+551177654321", "+5511977654321"),
    ("+841201234567", "+84701234567"),
    ("+841631234567", "+84331234567"),
    ("+841991234567", "+84591234567"),
    ("+5712345678", "+576012345678"),
    ("+24107123456", "+24177123456"),
    ("+2417123456", "+24177123456"),
    ("+24101440123", "+24111440123"),
    ("+37744123456", "+38344123456"),
    ("+38649123456", "+38349123456"),
    ("+38138512345", "+38338512345"),
    ("+390549886377", "+3780549886377"),
]
NEVER_STORED = [
    ("+22997123456", "+2290197123456"),
    ("+22507123456", "+2250707123456"),
    ("+22505123456", "+2250505123456"),
    ("+22501123456", "+2250101123456"),
    ("+22520812345", "+2252120812345"),
    ("+22530012345", "+2252530012345"),
    ("+22522412345", "+2252722412345"),
    ("+5215512345678", "+525512345678"),
]
"""Older forms that no list can contain, because adds never accepted their length."""


@pytest.mark.parametrize(("older", "current"), CHANGED + NEVER_STORED)
def test_an_add_lists_the_current_form_only(older, current):
    read = phone.read(older, None)
    assert read.numbers == (current,) == (phone.current_form(older),)
    assert "older form" in read.warnings[0]
    assert phone.read(current, None).numbers == (current,)
    assert phone.current_form(current) == current


@pytest.mark.parametrize(("older", "current"), CHANGED)
def test_a_check_of_either_form_looks_up_both(older, current):
    for written in (older, current):
        assert {older, current} <= set(phone.classify(written, None).lookups)
        assert {older, current} <= set(phone.lookups(written))


@pytest.mark.parametrize(("older", "current"), NEVER_STORED)
def test_a_form_that_no_list_can_have_is_not_looked_up(older, current):
    assert phone.classify(older, None).lookups == (current,) == phone.lookups(current)


def test_a_number_that_may_be_a_landline_is_listed_as_written():
    mobile, landline = "+5491123456789", "+541123456789"
    for written in (mobile, landline):
        assert phone.read(written, None).numbers == (written,)
        assert set(phone.classify(written, None).lookups) == {mobile, landline}


def test_a_number_with_several_candidates_is_listed_as_written_and_blocked_by_each():
    older = "+6321234567"
    candidates = {f"+632{operator}1234567" for operator in "345678"}
    assert phone.read(older, None).numbers == (older,)
    assert set(phone.classify(older, None).lookups) == {older} | candidates
    assert phone.classify(older, None).valid == ()
    for candidate in candidates:
        assert phone.read(candidate, None).numbers == (candidate,)
        assert phone.classify(candidate, None).lookups == (candidate, older)


@pytest.mark.parametrize(
    "number", ["+14155550100", "+442079460958", "+551123456789", "+576412345", "+3906123456", "+38612345678"]
)
def test_other_numbers_have_one_form(number):
    assert phone.lookups(number) == (number,)
    assert phone.current_form(number) == number
    assert renumbered.others(number) == ()


def test_the_pattern_matches_exactly_the_numbers_with_another_form():
    import re

    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        code = str(phonenumbers.country_code_for_region(region))
        for kind in phonenumbers.PhoneNumberType.values():
            example = phonenumbers.example_number_for_type(region, kind)
            if example:
                national = phonenumbers.national_significant_number(example)
                pattern = renumbered.pattern(code)
                matches = bool(pattern and re.match(pattern, national))
                others = renumbered.others(f"+{code}{national}")
                assert matches or not others, (region, national)
                assert others or not matches, (region, national)
