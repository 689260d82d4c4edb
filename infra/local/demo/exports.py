"""The part of the bulk chapter that takes files out: a campaign is scrubbed, the list exported and proved."""

import csv
import gzip
import io
import re
import tempfile
import time
from pathlib import Path
from typing import Any

import phonenumbers
import requests

from infra.local.demo.jobs import until_ended
from infra.local.demo.story import Story, StoryBroke
from infra.tools import verify_export

LEADS = 2_000


def scrub(story: Story, imported: bytes) -> None:
    """Scrub a campaign of which every other lead is in the file that was imported."""
    listed = _ten_digits(imported)
    data, blocked = _campaign(listed)
    print(f"\n7. A campaign of {LEADS:,} leads is scrubbed before it is loaded into the dialer.")
    scrubs = f"{story.account_url}/scrubs"
    began = time.monotonic()
    asked = {"filename": "spring.csv", "bytes": len(data), "column": "phone"}
    job = story.ask("manager", "POST", scrubs, 201, asked)
    put = requests.put(job["upload"]["url"], data=data, headers=job["upload"]["headers"], timeout=60)
    if put.status_code != 200:
        raise StoryBroke(f"the upload answered {put.status_code}: {put.text[:300]}")
    done = until_ended(story, f"{scrubs}/{job['id']}", "auditor")
    print(f"   {done['status']} after {time.monotonic() - began:.0f} s: {done['counts']}, by {done['looked_by']}")
    if done["status"] != "done" or done["counts"]["blocked"] != blocked:
        raise StoryBroke(f"the scrub came to {done['counts']} ({done['error']}), not to {blocked} blocked")
    clear = _rows(requests.get(done["clear_url"], timeout=60).content)
    if any(_ten(row["phone"]) in listed for row in clear):
        raise StoryBroke("a listed number is in the clear file")
    print(f"   the clear file: {len(clear)} leads, columns {', '.join(clear[0])}; as of {done['as_of']}")


def export(story: Story) -> None:
    """Export the list, save it as a person would, and prove it."""
    print("\n9. The compliance officer takes a copy that proves what was on the list, removed entries included.")
    exports = f"{story.account_url}/exports"
    job = story.ask("auditor", "POST", exports, 201, {"kind": "numbers", "format": "csv"})
    done = until_ended(story, f"{exports}/{job['id']}", "auditor")
    if done["status"] != "done":
        raise StoryBroke(f"the export failed: {done['error']}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest = requests.get(done["manifest_url"], timeout=60)
        (folder / "manifest.json").write_bytes(manifest.content)
        removed = 0
        for file, told in zip(done["files"], manifest.json()["files"], strict=True):
            body = requests.get(file["url"], timeout=60).content
            (folder / told["name"]).write_bytes(body)
            removed += sum(row["status"] == "removed" for row in _rows(gzip.decompress(body)))
            print(f"   {told['name']}: {told['rows']:,} rows, {told['bytes']:,} bytes, SHA-256 {told['sha256'][:16]}…")
        verdict = verify_export.verify(folder)[0]
    print(f"   {removed:,} of the entries were removed and say why; export {verdict.first} of the account's chain")
    print(f"   manifest: {'intact' if not verdict.faults else verdict.faults}, keep its SHA-256: {verdict.head[:16]}…")
    if verdict.faults or verdict.head != done["manifest_sha256"] or not verdict.rows:
        raise StoryBroke(f"the export does not prove itself: {verdict}")


def _campaign(listed: set[str]) -> tuple[bytes, int]:
    fictional = (
        f"{area}55501{i:02}"
        for area in range(201, 990)
        if phonenumbers.is_valid_number(phonenumbers.parse(f"+1{area}5550100"))
        for i in range(100)
    )
    free = (number for number in fictional if number not in listed and not number.startswith("415"))
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["id", "phone", "city"])
    blocked = 0
    for i, number in zip(range(LEADS), _alternating(sorted(listed), free), strict=False):
        blocked += number in listed
        table.writerow([i, f"({number[:3]}) {number[3:6]}-{number[6:]}", "Springfield, IL"])
    return out.getvalue().encode(), blocked


def _alternating(one: Any, other: Any) -> Any:
    for pair in zip(one, other, strict=False):
        yield from pair


def _ten_digits(imported: bytes) -> set[str]:
    found = {_ten(row["phone number"]) for row in csv.DictReader(io.StringIO(imported.decode()))}
    return {number for number in found if len(number) == 10}


def _ten(written: str) -> str:
    return re.sub(r"\D", "", written)[-10:]


def _rows(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))
