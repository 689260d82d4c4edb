"""Normalizing a mixed file of written numbers, next to phonenumbers and its Rust port. Also verifies that they agree.

Each subject reads the same rows in a fresh process and reports its CPU time (user and system). That includes what it
loads on first use, but not what it imports at the start. The references do what a program must do for the same result:
parse a number, format it as E.164, and validate it.

`python -m benchmarks.phone_numbers [--full]` prints the result. With `--full`, the Python library reads every row
instead of every tenth, and every area code is tried with every exchange.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import results

ROOT = Path(__file__).resolve().parents[1]
SWEEP_REGIONS = ("US", "CA", "JM", "PR", "AG", "GB", None)

Row = tuple[str, bool] | None
Reader = Callable[[Sequence[str], str], int]


def read_by_nocall(written: Sequence[str], region: str) -> int:
    """Read rows as an import does. Return how many are valid."""
    from dnc.phone import reader as phone

    numbers, exceptions = phone.classify_many(written, region)
    return len(numbers) - sum(1 for readings in exceptions.values() if not readings.valid)


def read_one_by_one(written: Sequence[str], region: str) -> int:
    """Read rows one at a time. Return how many are valid."""
    from dnc.phone import reader as phone

    return sum(1 for text in written if phone.classify(text, region).valid)


def _read_by(library: Any, written: Sequence[str], region: str) -> int:
    parse, form, valid = library.parse, library.format_number, library.is_valid_number
    e164, refused = library.PhoneNumberFormat.E164, library.NumberParseException
    numbers: list[str | None] = []
    in_use = 0
    for text in written:
        try:
            number = parse(text, region)
        except refused:
            numbers.append(None)
        else:
            numbers.append(form(number, e164))
            in_use += valid(number)
    return in_use


def read_by_phonenumbers(written: Sequence[str], region: str) -> int:
    """Read rows with the Python library, as its README shows."""
    import phonenumbers

    return _read_by(phonenumbers, written, region)


def read_with_pattern_cache(written: Sequence[str], region: str) -> int:
    """Read rows with the Python library, with its cache of compiled patterns."""
    import phonenumbers

    phonenumbers.enable_pattern_cache()
    return _read_by(phonenumbers, written, region)


def read_by_rust(written: Sequence[str], region: str) -> int:
    """Read rows with the Rust port."""
    import rphonenumbers

    return _read_by(rphonenumbers, written, region)


OURS, ONE_BY_ONE, RUST = "our reader, in batches", "our reader, one by one", "rphonenumbers"
PHONENUMBERS, CACHED = "phonenumbers", "phonenumbers with its pattern cache"
SUBJECTS: dict[str, Reader] = {
    OURS: read_by_nocall,
    ONE_BY_ONE: read_one_by_one,
    PHONENUMBERS: read_by_phonenumbers,
    CACHED: read_with_pattern_cache,
    RUST: read_by_rust,
}
GOALS = {PHONENUMBERS: ">= 25 x", RUST: ">= 2.5 x"}
ROWS = 1_000_000


def _timed(subject: str, file: str, step: int) -> None:
    """Run one subject over every `step`-th row of a JSON file. Print its CPU microseconds per row and its count."""
    written = json.loads(Path(file).read_text())[::step]
    SUBJECTS[subject](written[:1], "US")
    before = time.process_time()
    in_use = SUBJECTS[subject](written, "US")
    print(json.dumps({"microseconds": (time.process_time() - before) / len(written) * 1e6, "valid": in_use}))


def _run(subject: str, file: Path, step: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.phone_numbers", subject, str(file), str(step)]
    environment = {"PYTHONPATH": f"{ROOT / 'functions'}:{ROOT}"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def differences(texts: Iterable[tuple[str, str | None]]) -> Iterator[str]:
    """Yield each text and region for which a function of `dnc.phone.reader` differs from the rules."""
    from dnc.phone import reader as phone
    from dnc.phone import readings, rules

    for written, region in texts:
        read = readings.classify(written, region, rules.classify)
        if phone.classify(written, region) != read:
            yield f"classify {written!r} {region}"
        numbers, exceptions = phone.classify_many([written], region)
        plain = read.numbers == read.lookups == read.valid and len(read.valid) == 1 and not read.warnings
        expected: tuple[list[str | None], dict[int, Any]] = ([*read.valid], {}) if plain else ([None], {0: read})
        if (numbers, exceptions) != expected:
            yield f"classify_many {written!r} {region}"
        for number in read.lookups:
            if phone.national(number) != rules.national(number):
                yield f"national {number}"
            if phone.region_of(number) != rules.region_of(number):
                yield f"region_of {number}"


def sweep(step: int) -> Iterator[tuple[str, str | None]]:
    """Yield each area code with every `step`-th exchange: as E.164, and nationally, with regions in turn."""
    for index in range(0, 800 * 1000, step):
        digits = f"{200 + index // 1000}{index % 1000:03}{index * 7919 % 10_000:04}"
        yield f"+1{digits}", SWEEP_REGIONS[index % len(SWEEP_REGIONS)]
        yield digits, SWEEP_REGIONS[index // step % len(SWEEP_REGIONS)]


def main(quick: bool) -> list[dict[str, Any]]:
    """Measure, and return a row for each reference. Raises AssertionError if the readers differ anywhere."""
    from benchmarks.harness import phone_texts

    steps = dict.fromkeys(SUBJECTS, 1)
    if quick:  # the Python library takes half a minute for all rows
        steps |= dict.fromkeys((PHONENUMBERS, CACHED), 10)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in SUBJECTS}
    with tempfile.TemporaryDirectory(prefix="nocall-bench-") as folder:
        file = Path(folder) / "rows.json"
        file.write_text(json.dumps(phone_texts.mixed(ROWS)))
        for _ in range(3 if quick else 5):
            for name in SUBJECTS:
                runs[name].append(_run(name, file, steps[name]))
    _compare_counts(runs, steps)
    rows = [_compared(runs, name, steps[name]) for name in SUBJECTS if name != OURS]
    tried = 60_000 if quick else 2_000_000
    swept = 101 if quick else 1
    differing = [*differences(phone_texts.strange(tried, seed=ROWS)), *differences(sweep(swept))]
    if differing:
        raise AssertionError(f"dnc.phone.reader and dnc.phone.rules differ {len(differing):,} times: {differing[:10]}")
    note = f"no differences in {tried:,} strange texts and {2 * 800_000 // swept:,} area codes with exchanges"
    return [{**row, "note": note} if row["reference"] == PHONENUMBERS else row for row in rows]


def _compare_counts(runs: dict[str, list[dict[str, float]]], steps: dict[str, int]) -> None:
    """Verify that subjects that read the same rows count the same valid ones. Raises AssertionError."""
    for step in set(steps.values()):
        counts = {name: results[0]["valid"] for name, results in runs.items() if steps[name] == step}
        if len(set(counts.values())) > 1:
            raise AssertionError(f"the subjects count different numbers of valid rows: {counts}")


def _compared(runs: dict[str, list[dict[str, float]]], name: str, step: int) -> dict[str, Any]:
    ours, theirs = ([one["microseconds"] for one in runs[subject]] for subject in (OURS, name))
    what = f"normalizing {ROWS:,} mixed numbers"
    reference = name if step == 1 else f"{name} (every {step}th number)"
    return results.compared(what, OURS, reference, ours, theirs, "µs CPU per number", GOALS.get(name, ""))


if __name__ == "__main__":
    if len(sys.argv) == 4:
        _timed(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        print(results.as_lines(main(quick="--full" not in sys.argv)))
