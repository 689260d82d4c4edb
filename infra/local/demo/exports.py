"""The demo's scrub of a campaign, and its export of the list with verification."""

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

from infra.local.demo.client import DemoClient, DemoFailed
from infra.local.demo.jobs import wait_for
from infra.tools import verify_export

LEADS = 2_000


def scrub(demo: DemoClient, imported: bytes) -> None:
    """Scrub a campaign. Every other lead is in the imported file."""
    listed = _ten_digits(imported)
    data, blocked = _campaign(listed)
    print(f"\n7. A campaign of {LEADS:,} leads is scrubbed before it is loaded into the dialer.")
    scrubs = f"{demo.account_url}/scrubs"
    start = time.monotonic()
    request = {"filename": "spring.csv", "bytes": len(data), "column": "phone"}
    job = demo.call("manager", "POST", scrubs, 201, request)
    put = requests.put(job["upload"]["url"], data=data, headers=job["upload"]["headers"], timeout=60)
    if put.status_code != 200:
        raise DemoFailed(f"the upload returned {put.status_code}: {put.text[:300]}")
    done = wait_for(demo, f"{scrubs}/{job['id']}", "auditor")
    print(f"   {done['status']} after {time.monotonic() - start:.0f} s: {done['counts']}, method: {done['looked_by']}")
    if done["status"] != "done" or done["counts"]["blocked"] != blocked:
        raise DemoFailed(f"the scrub counted {done['counts']} ({done['error']}), not {blocked} blocked")
    clear = _rows(requests.get(done["clear_url"], timeout=60).content)
    if any(_ten(row["phone"]) in listed for row in clear):
        raise DemoFailed("a listed number is in the clear file")
    print(f"   the clear file: {len(clear)} leads, columns {', '.join(clear[0])}; as of {done['as_of']}")


def export(demo: DemoClient) -> None:
    """Export the list, download it as a person would, and verify it."""
    print("\n9. The compliance officer exports the list, removed entries included, and verifies the files.")
    exports = f"{demo.account_url}/exports"
    job = demo.call("auditor", "POST", exports, 201, {"kind": "numbers", "format": "csv"})
    done = wait_for(demo, f"{exports}/{job['id']}", "auditor")
    if done["status"] != "done":
        raise DemoFailed(f"the export failed: {done['error']}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest = requests.get(done["manifest_url"], timeout=60)
        (folder / "manifest.json").write_bytes(manifest.content)
        removed = 0
        for file, listed in zip(done["files"], manifest.json()["files"], strict=True):
            body = requests.get(file["url"], timeout=60).content
            (folder / listed["name"]).write_bytes(body)
            removed += sum(row["status"] == "removed" for row in _rows(gzip.decompress(body)))
            sizes = f"{listed['rows']:,} rows, {listed['bytes']:,} bytes"
            print(f"   {listed['name']}: {sizes}, SHA-256 {listed['sha256'][:16]}…")
        verdict = verify_export.verify(folder)[0]
    print(f"   {removed:,} of the entries are removed, with their reasons; export {verdict.first} of the chain")
    print(f"   manifest: {verdict.faults or 'intact'}; keep its SHA-256 elsewhere: {verdict.head[:16]}…")
    if verdict.faults or verdict.head != done["manifest_sha256"] or not verdict.rows:
        raise DemoFailed(f"the export could not be verified: {verdict}")


def _campaign(listed: set[str]) -> tuple[bytes, int]:
    fictional = (
        f"{area}55501{i:02}"
        for area in range(201, 990)
        if phonenumbers.is_valid_number(phonenumbers.parse(f"+1{area}5550100"))
        for i in range(100)
    )
    unlisted = (number for number in fictional if number not in listed and not number.startswith("415"))
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["id", "phone", "city"])
    blocked = 0
    for i, number in zip(range(LEADS), _alternating(sorted(listed), unlisted), strict=False):
        blocked += number in listed
        table.writerow([i, f"({number[:3]}) {number[3:6]}-{number[6:]}", "Springfield, IL"])
    return out.getvalue().encode(), blocked


def _alternating(first: Any, second: Any) -> Any:
    for pair in zip(first, second, strict=False):
        yield from pair


def _ten_digits(imported: bytes) -> set[str]:
    numbers = {_ten(row["phone number"]) for row in csv.DictReader(io.StringIO(imported.decode()))}
    return {number for number in numbers if len(number) == 10}


def _ten(written: str) -> str:
    return re.sub(r"\D", "", written)[-10:]


def _rows(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))
