"""The bulk chapter of `make demo`: years of numbers imported, a campaign scrubbed, the import undone, all exported."""

import csv
import io
import random
import time
from typing import Any

import phonenumbers
import requests

from infra.local.demo import exports as demo_bulk_exports
from infra.local.demo.jobs import until_ended
from infra.local.demo.story import Story, StoryBroke

ROWS = 20_000
_FORMS = ("{0}555{1}", "({0}) 555-{1}", "+1 {0} 555 {1}", "1-{0}-555-{1}", "{0}.555.{1}", "+1{0}555{1}")
_BAD = ("12", "call me", "555-01", "=1+1", "")


def tell(story: Story) -> None:
    """Tell the chapter."""
    data, wanted = list_of_numbers(ROWS)
    job = import_file(story, data, wanted)
    demo_bulk_exports.scrub(story, data)
    undo(story, job)
    demo_bulk_exports.export(story)


def list_of_numbers(rows: int, seed: int = 6) -> tuple[bytes, dict[str, int]]:
    """Make a CSV of numbers kept for fiction, in mixed forms, with bad rows and duplicates; and what it must count."""
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


def import_file(story: Story, data: bytes, wanted: dict[str, int]) -> dict[str, Any]:
    """Import a file by its upload URL and hold its counts and its report against what was put in."""
    print(f"\n6. A call center brings its old list: {wanted['rows']:,} rows in mixed forms, {len(data) / 1e6:.1f} MB.")
    imports = f"{story.account_url}/imports"
    asked = {"filename": "old dialer.csv", "bytes": len(data), "acting_user": "u-2", "note": "from the old dialer"}
    began = time.monotonic()
    job = story.ask("manager", "POST", imports, 201, asked)
    upload = job["upload"]
    put = requests.put(upload["url"], data=data, headers=upload["headers"], timeout=60)
    if put.status_code != 200:
        raise StoryBroke(f"the upload answered {put.status_code}: {put.text[:300]}")
    done = until_ended(story, f"{imports}/{job['id']}", "auditor")
    counts = {name: count for name, count in done["counts"].items() if count}
    print(f"   {done['status']} after {time.monotonic() - began:.0f} s: {counts}")
    if done["status"] != "done" or counts["rows"] != wanted["rows"] or counts["invalid"] != wanted["invalid"]:
        raise StoryBroke(f"the import came to {done['counts']} ({done['error']}), not to {wanted}")
    report = list(csv.DictReader(io.StringIO(requests.get(done["report_url"], timeout=60).content.decode())))
    if len(report) != wanted["invalid"]:
        raise StoryBroke(f"the report has {len(report)} rows, not {wanted['invalid']}")
    print(f"   its report names {len(report)} refused rows, the first: line {report[0]['line']}, {report[0]['why']}")
    return done


def undo(story: Story, job: dict[str, Any]) -> None:
    """Take an import back."""
    print("\n8. It was the wrong list. The manager takes the import back.")
    url = f"{story.account_url}/imports/{job['id']}"
    began = time.monotonic()
    story.ask("manager", "POST", f"{url}/undo", 200, {"acting_user": "u-2"})
    undone = until_ended(story, url, "auditor")
    print(f"   {undone['status']} after {time.monotonic() - began:.0f} s: {undone['undo']['counts']}")
    removed = undone["undo"]["counts"].get("removed", 0)
    if undone["status"] != "undone" or removed != job["counts"]["listed"]:
        raise StoryBroke(f"the undo removed {removed} of {job['counts']['listed']}: {undone['undo']}")
