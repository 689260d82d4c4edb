"""Normalizing a mixed file of written numbers: `dnc.phone` beside phonenumbers and its Rust port, and do they agree.

Each subject runs in a fresh process of its own, over the same rows, and tells the CPU it took for them (user and
system; what a process loads when it is first needed is in it, what it imports at its start is not). The references do
what a program must to get the same answer: parse, E.164, and whether the number is valid.

`python -m benchmarks.phone_numbers [--full]` prints the result; `--full` is 1,000,000 rows and every area code with
every exchange.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MIX = "United States file: 90 % North American in 7 forms, 7 % international, 3 % unknown, short, worded or extended"
SWEEP_REGIONS = ("US", "CA", "JM", "PR", "AG", "GB", None)

Row = tuple[str, bool] | None
Reader = Callable[[Sequence[str], str], int]


def read_by_nocall(written: Sequence[str], region: str) -> int:
    """Read rows as the import does; give how many are valid."""
    from dnc import phone

    numbers, asides = phone.look_many(written, region)
    return len(numbers) - sum(1 for looked, _ in asides.values() if not looked or not looked.valid)


def read_one_by_one(written: Sequence[str], region: str) -> int:
    """Read rows as a check reads its numbers."""
    from dnc import phone

    return sum(1 for text in written if (looked := phone.look(text, region)[0]) and looked.valid)


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
    """Read rows with the Python library, told to keep every pattern that it compiled."""
    import phonenumbers

    phonenumbers.enable_pattern_cache()
    return _read_by(phonenumbers, written, region)


def read_by_rust(written: Sequence[str], region: str) -> int:
    """Read rows with the Rust port."""
    import rphonenumbers

    return _read_by(rphonenumbers, written, region)


SUBJECTS: dict[str, Reader] = {
    "look_many": read_by_nocall,
    "look": read_one_by_one,
    "phonenumbers": read_by_phonenumbers,
    "phonenumbers, patterns kept": read_with_pattern_cache,
    "rphonenumbers": read_by_rust,
}


def _timed(subject: str, file: str) -> None:
    """Run one subject over a file of rows (JSON) and print its CPU seconds and its count; runs in its own process."""
    written = json.loads(Path(file).read_text())
    SUBJECTS[subject](written[:1], "US")
    before = time.process_time()
    in_use = SUBJECTS[subject](written, "US")
    print(json.dumps({"seconds": time.process_time() - before, "valid": in_use}))


def _run(subject: str, file: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.phone_numbers", subject, str(file)]
    ran = subprocess.run(
        command, cwd=ROOT, env={"PYTHONPATH": "functions:."}, capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(ran.stdout)
    return found


def differences(texts: Iterable[tuple[str, str | None]]) -> Iterator[str]:
    """Give each text and region that any door of `dnc.phone` reads otherwise than the rules do."""
    from dnc import phone, phone_rules

    for written, region in texts:
        looked, why = phone_rules.look(written, region)
        if phone.look(written, region) != (looked, why):
            yield f"look {written!r} {region}"
        numbers, asides = phone.look_many([written], region)
        plainly = looked is not None and not why and not looked.warnings
        if numbers != [looked.e164 if looked else None] or asides != ({} if plainly else {0: (looked, why)}):
            yield f"look_many {written!r} {region}"
        if looked and phone.national(looked.e164) != phone_rules.national(looked.e164):
            yield f"national {looked.e164}"
        if looked and phone.region_of(looked.e164) != phone_rules.region_of(looked.e164):
            yield f"region_of {looked.e164}"


def sweep(step: int) -> Iterator[tuple[str, str | None]]:
    """Give each area code with every `step`-th exchange: E.164, and national in a region that takes turns."""
    for place in range(0, 800 * 1000, step):
        digits = f"{200 + place // 1000}{place % 1000:03}{place * 7919 % 10_000:04}"
        yield f"+1{digits}", SWEEP_REGIONS[place % len(SWEEP_REGIONS)]
        yield digits, SWEEP_REGIONS[place // step % len(SWEEP_REGIONS)]


def main(quick: bool) -> list[dict[str, Any]]:
    """Measure; give a row for each reference, and one for the number of differences (which must be 0)."""
    from benchmarks import phone_texts

    rows = 200_000 if quick else 1_000_000
    file = ROOT / ".local" / "phone_rows.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(phone_texts.mixed(rows)))
    rounds = {name: 1 if name.startswith("phonenumbers") else 3 for name in SUBJECTS}
    ran = {name: [_run(name, file) for _ in range(rounds[name])] for name in SUBJECTS}
    file.unlink()
    seconds = {name: [one["seconds"] for one in runs] for name, runs in ran.items()}
    subject = median(seconds["look_many"])
    results: list[dict[str, Any]] = [
        {
            "subject": f"phone.look_many, {rows:,} rows ({MIX})",
            "reference": name,
            "ratio": median(seconds[name]) / subject,
            "spread": [min(seconds[name]) / max(seconds["look_many"]), max(seconds[name]) / min(seconds["look_many"])],
            "unit": "CPU of the reference / CPU of the subject",
            "subject_us": subject / rows * 1e6,
            "reference_us": median(seconds[name]) / rows * 1e6,
            "valid": [ran["look_many"][0]["valid"], ran[name][0]["valid"]],
        }
        for name in SUBJECTS
        if name != "look_many"
    ]
    tried = 60_000 if quick else 2_000_000
    swept = 101 if quick else 1
    found = [*differences(phone_texts.strange(tried, seed=rows)), *differences(sweep(swept))]
    results.append(
        {
            "subject": f"dnc.phone, {tried:,} strange texts and {2 * 800_000 // swept:,} area codes with exchanges",
            "reference": "dnc.phone_rules",
            "ratio": float(len(found)),
            "spread": [0.0, 0.0],
            "unit": "differences",
            "first": found[:10],
        }
    )
    return results


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _timed(sys.argv[1], sys.argv[2])
    else:
        print(json.dumps(main(quick="--full" not in sys.argv), indent=1))
