"""The bulk part of `make demo`: import an old list, scrub a campaign, undo the import, and export everything."""

import csv
import io
import random
import time
from typing import Any

import phonenumbers
import requests

from infra.local.demo import exports
from infra.local.demo.client import DemoClient, DemoFailed
from infra.local.demo.jobs import wait_for

ROWS = 20_000
_FORMS = ("{0}555{1}", "({0}) 555-{1}", "+1 {0} 555 {1}", "1-{0}-555-{1}", "{0}.555.{1}", "+1{0}555{1}")
_BAD = ("12", "call me", "555-01", "=1+1", "")


def run(demo: DemoClient) -> None:
    """Run the bulk part of the demo."""
    data, expected = list_of_numbers(ROWS)
    job = import_file(demo, data, expected)
    exports.scrub(demo, data)
    undo(demo, job)
    exports.export(demo)


def list_of_numbers(rows: int, seed: int = 6) -> tuple[bytes, dict[str, int]]:
    """Return a CSV of fictional numbers in mixed forms, with bad rows and duplicates, and the counts of its import."""
    rng = random.Random(seed)  # noqa: S311
    areas = [a for a in range(201, 990) if phonenumbers.is_valid_number(phonenumbers.parse(f"+1{a}5550100"))]
    fictional = [(area, f"01{i:02}") for area in areas for i in range(100)]
    rng.shuffle(fictional)
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["name", "phone number", "requested_at"])
    seen: set[tuple[int, str]] = set()
    bad = 0
    for i in range(rows):
        chance = rng.random()
        if chance < 0.03:
            bad += 1
            table.writerow(["", rng.choice(_BAD), "2024-05-06"])
            continue
        number = fictional[rng.randrange(i)] if chance < 0.08 and i else fictional[i % len(fictional)]
        seen.add(number)
        table.writerow(['Doe, "J."' if i % 9 == 0 else "", rng.choice(_FORMS).format(*number), "2024-05-06T07:08Z"])
    counts = {"rows": rows, "listed": len(seen), "already_listed": rows - bad - len(seen), "invalid": bad}
    return out.getvalue().encode(), counts


def import_file(demo: DemoClient, data: bytes, expected: dict[str, int]) -> dict[str, Any]:
    """Import a file, and compare its counts and its report with the expected ones."""
    size = f"{expected['rows']:,} rows, {len(data) / 1e6:.1f} MB"
    print(f"\n6. A call center imports its old list of numbers in mixed forms: {size}.")
    imports = f"{demo.account_url}/imports"
    request = {"filename": "old dialer.csv", "bytes": len(data), "acting_user": "u-2", "note": "from the old dialer"}
    start = time.monotonic()
    job = demo.call("manager", "POST", imports, 201, request)
    upload = job["upload"]
    put = requests.put(upload["url"], data=data, headers=upload["headers"], timeout=60)
    if put.status_code != 200:
        raise DemoFailed(f"the upload returned {put.status_code}: {put.text[:300]}")
    done = wait_for(demo, f"{imports}/{job['id']}", "auditor")
    counts = {name: count for name, count in done["counts"].items() if count}
    print(f"   {done['status']} after {time.monotonic() - start:.0f} s: {counts}")
    if done["status"] != "done" or counts["rows"] != expected["rows"] or counts["invalid"] != expected["invalid"]:
        raise DemoFailed(f"the import counted {done['counts']} ({done['error']}), not {expected}")
    report = list(csv.DictReader(io.StringIO(requests.get(done["report_url"], timeout=60).content.decode())))
    if len(report) != expected["invalid"]:
        raise DemoFailed(f"the report has {len(report)} rows, not {expected['invalid']}")
    print(f"   the report lists {len(report)} refused rows; the first is line {report[0]['line']}, {report[0]['why']}")
    return done


def undo(demo: DemoClient, job: dict[str, Any]) -> None:
    """Undo an import."""
    print("\n8. It was the wrong list. The manager undoes the import.")
    url = f"{demo.account_url}/imports/{job['id']}"
    start = time.monotonic()
    demo.call("manager", "POST", f"{url}/undo", 200, {"acting_user": "u-2"})
    undone = wait_for(demo, url, "auditor")
    print(f"   {undone['status']} after {time.monotonic() - start:.0f} s: {undone['undo']['counts']}")
    removed = undone["undo"]["counts"].get("removed", 0)
    if undone["status"] != "undone" or removed != job["counts"]["listed"]:
        raise DemoFailed(f"the undo removed {removed} of {job['counts']['listed']}: {undone['undo']}")
