"""A listed number is never callable in any written form: every region, every type, in both orders."""

from itertools import chain

import phonenumbers
from hypothesis import given, settings
from hypothesis import strategies as st

from dnc.phone import reader as phone
from tests.support import written_forms as written

EXAMPLES = list(written.examples())


def test_a_sweep_of_all_regions_and_types():
    """No form of a listed phone is callable. At most one other number is listed with it, and few forms are refused."""
    sweep = written.swept(EXAMPLES)
    forms = sweep.counts["forms"]
    assert sweep.callable == []
    assert forms > 90_000
    assert sweep.counts["checks"] > 100_000
    assert [(form, others) for form, others in sweep.strangers if len(others) > 1] == []
    assert len(sweep.strangers) < 0.012 * forms
    # A last group after a slash or dash is not an extension if the number would be too long with it.
    refused = [form for form, _ in sweep.refused if not form[0].endswith(("/12", "-12"))]
    assert len(refused) < 0.0005 * forms


def test_the_sweep_detects_a_wrong_callable(monkeypatch):
    """With libphonenumber's single reading of each text, the sweep must find the known faults."""
    of_library = phone._rules()
    monkeypatch.setattr(phone, "classify", lambda text, region: phone._alone(of_library.classify(text, region)))
    sweep = written.swept([(region, number) for region, number in EXAMPLES if region in ("DE", "PL", "AT")])
    assert len(sweep.callable) > 100


PHONES = st.builds(
    lambda example, digits: (example[0], written.neighbor(example[1], f"{digits:04}") or example[1]),
    st.sampled_from(EXAMPLES),
    st.integers(0, 9999),
)


@given(PHONES, st.data())
@settings(max_examples=150, deadline=None)
def test_any_form_is_blocked_by_any_other(example, data):
    region, number = example
    every = list(chain(written.forms(number, region), written.metadata_forms(number, region)))
    listed, checked = data.draw(st.sampled_from(every)), data.draw(st.sampled_from(every))
    on_the_list, check = phone.classify(*listed).numbers, phone.classify(*checked)
    if on_the_list and check.valid:
        assert set(on_the_list) & set(check.lookups), (listed, checked)


@given(PHONES)
@settings(max_examples=150, deadline=None)
def test_a_row_under_any_form_of_a_phone_blocks_its_e164(example):
    number = written.e164(example[1])
    current = phone.current_form(number)
    for form in phone.lookups(current):
        assert set(phone.lookups(form)) >= {current}
        assert form in phone.classify(number, None).lookups


def test_plain_e164_has_one_reading():
    for region, number in EXAMPLES:
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        read = phone.classify(e164, region)
        assert read.lookups[0] == phone.current_form(e164)
        assert set(read.lookups) == set(phone.lookups(e164))
