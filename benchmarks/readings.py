"""The cost of finding out that a number has one reading and one form. `python -m benchmarks.readings [--quick]`.

A plain North American number, E.164 of other countries and a national form of Great Britain have one reading. Reading
them must cost no more than reading each text as one number, as libphonenumber does (`references.one_number`). This
measures texts by the thousand, as an import and a scrub read them, and a whole warm check of one number.
"""

import random
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.harness import check_subjects as subjects
from benchmarks.harness import cpu_time, results
from benchmarks.harness.stand_in import StandIn

GOAL = ">= 0.97 x"
READINGS, ONE_NUMBER = "all readings", "one number for each text"
KINDS = {"nanp": "US", "e164": "US", "national": "GB"}
NAMES = {
    "nanp": "reading 1,000 plain North American numbers",
    "e164": "reading 1,000 numbers of other countries in E.164",
    "national": "reading 1,000 national forms of Great Britain",
}
TEXTS = 1_000
ABROAD = ("GB", "MX", "IN", "FR", "ES", "NO", "JP", "CH")
CHECK = "check"


def texts(kind: str, count: int = TEXTS) -> list[str]:
    """Return written numbers of one kind. Each has one reading and one form."""
    import phonenumbers
    from phonenumbers import PhoneNumberFormat

    chance = random.Random(kind)
    if kind == "nanp":
        forms = ("({0}) 555-{1}", "{0}-555-{1}", "{0}555{1}", "+1{0}555{1}", "1{0}555{1}")
        codes = ("212", "310", "415", "646", "713")
        return [
            chance.choice(forms).format(chance.choice(codes), f"01{chance.randrange(100):02}") for _ in range(count)
        ]
    examples: list[Any] = [phonenumbers.example_number(region) for region in ABROAD]
    found: list[str] = []
    while len(found) < count:
        example = chance.choice(examples if kind == "e164" else examples[:1])
        digits = f"{str(example.national_number)[:-3]}{chance.randrange(1000):03}"
        number = phonenumbers.parse(f"+{example.country_code}{digits}")
        if phonenumbers.is_valid_number(number):
            form = PhoneNumberFormat.E164 if kind == "e164" else PhoneNumberFormat.NATIONAL
            found.append(phonenumbers.format_number(number, form))
    return found


def main(quick: bool) -> list[dict[str, Any]]:
    """Measure, and return a row for each comparison. Raises AssertionError if the two read anything differently."""
    from benchmarks.harness import artifacts  # its imports are not in the artifact that the subjects run from

    rows = []
    rounds = 7 if quick else 21
    for kind in KINDS:
        names = [f"{kind} {subject}" for subject in (READINGS, ONE_NUMBER)]
        calls = dict.fromkeys(names, 60 if quick else 200)
        measured = cpu_time.take_turns("benchmarks.readings", names, rounds, calls, {})
        rows.append(
            results.compared(
                NAMES[kind], READINGS, ONE_NUMBER, measured[names[0]], measured[names[1]], "µs CPU per call", GOAL
            )
        )
    with StandIn(subjects.tables(1)) as stand_in:
        environment = {**subjects.ENVIRONMENT, "AWS_ENDPOINT_URL": stand_in.url}
        names = [f"{CHECK} {subject}" for subject in (READINGS, ONE_NUMBER)]
        calls = dict.fromkeys(names, 500 if quick else 3000)
        folder = artifacts.built() / subjects.FUNCTION
        measured = cpu_time.take_turns("benchmarks.readings", names, rounds, calls, environment, folder)
    ours, theirs = measured[names[0]], measured[names[1]]
    rows.append(
        results.compared(
            "a warm check of one number, whole", READINGS, ONE_NUMBER, ours, theirs, "µs CPU per call", GOAL
        )
    )
    return rows


def _call(subject: str) -> Callable[[], object]:
    kind, _, reader = subject.partition(" ")
    from benchmarks.references import one_number
    from dnc.phone import reader as phone

    if kind == CHECK:
        if reader == ONE_NUMBER:
            reader_module: Any = phone
            reader_module.classify_many = one_number.read_many
        return subjects.handler(1)
    written, region = texts(kind), KINDS[kind]
    numbers, exceptions = phone.classify_many(written, region)
    if exceptions or (numbers, {}) != one_number.read_many(written, region):
        raise AssertionError("the two do not read the same")
    if reader == READINGS:
        return lambda: phone.classify_many(written, region)
    return lambda: one_number.read_many(written, region)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(cpu_time.of_calls(_call(sys.argv[1]), int(sys.argv[2])))
    else:
        print(results.as_lines(main("--quick" in sys.argv)))
