"""Prove a folder of exports: `python -m infra.tools.verify_export FOLDER [--head SHA256]`.

The folder holds exports as they were downloaded, one folder for each (its manifest.json beside its files), in any
depth. Told is, for each account, whether every file is as its manifest says and whether every manifest follows the one
before it.
`--head` is the digest of an account's last manifest, kept somewhere else: with it, that none was cut off the end.
Ends with status 1 when anything does not fit. Needs nothing but Python's standard library.
"""

import argparse
import gzip
import hashlib
import json
import sys
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NO_DIGEST = "0" * 64


@dataclass(slots=True)
class Verdict:
    """What was found of one account."""

    account_id: str
    exports: int = 0
    files: int = 0
    rows: int = 0
    first: int = 0
    head: str = NO_DIGEST
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Found:
    """A manifest that was found: where, what it says, and the digest of its bytes."""

    path: Path
    told: dict[str, Any]
    sha256: str


def verify(folder: Path) -> list[Verdict]:
    """Judge every manifest and file in a folder, by account. Nothing in it is trusted."""
    unreadable = Verdict("(unreadable)")
    accounts: dict[str, list[Found]] = defaultdict(list)
    for path in sorted(folder.rglob("manifest*.json")):
        body = path.read_bytes()
        try:
            told = json.loads(body)
            int(told["index"])
            accounts[str(told["account_id"])].append(Found(path, told, hashlib.sha256(body).hexdigest()))
        except (ValueError, KeyError, TypeError):
            unreadable.faults.append(f"{path}: is not a manifest that can be read")
    verdicts = [_judge(account_id, found) for account_id, found in sorted(accounts.items())]
    return verdicts + ([unreadable] if unreadable.faults else [])


def _judge(account_id: str, found: list[Found]) -> Verdict:
    verdict = Verdict(account_id)
    ordered = sorted(found, key=lambda one: (int(one.told["index"]), one.sha256))
    before: Found | None = None
    for one in ordered:
        verdict.exports += 1
        if before is not None and before.sha256 == one.sha256:
            verdict.notes.append(f"{one.path}: the same manifest a second time")
        else:
            verdict.faults += _link(before, one)
            if before is None and int(one.told["index"]) > 1:
                verdict.notes.append(
                    f"the chain begins at export {one.told['index']}: the manifest before it, which is not here, "
                    f"must have the SHA-256 {one.told.get('previous_sha256')}"
                )
        verdict.faults += _files(one, verdict)
        before = one
    verdict.first = int(ordered[0].told["index"])
    verdict.head = ordered[-1].sha256
    return verdict


def _link(before: Found | None, one: Found) -> Iterator[str]:
    index, previous = int(one.told["index"]), one.told.get("previous_sha256")
    if before is None:
        if index == 1 and previous != NO_DIGEST:
            yield f"{one.path}: is the first of the chain and yet names one before it"
    elif index == int(before.told["index"]):
        yield f"{one.path}: is export {index} of the account, and so is {before.path}"
    elif index != int(before.told["index"]) + 1:
        yield f"{one.path}: is export {index}, but the one before it here is {before.told['index']}: some are missing"
    elif previous != before.sha256:
        yield f"{one.path}: does not follow {before.path}: one of the two was changed"


def _files(one: Found, verdict: Verdict) -> Iterator[str]:
    total = 0
    for told in one.told.get("files") or []:
        path = one.path.parent / Path(str(told.get("name"))).name
        verdict.files += 1
        total += int(told.get("rows") or 0)
        fault = _file(path, told, (str(one.told.get("kind")), str(one.told.get("format"))))
        if fault:
            yield f"{path}: {fault}"
    verdict.rows += total
    if total != one.told.get("rows"):
        yield f"{one.path}: the rows of its files do not add up to what it says"


def _file(path: Path, told: dict[str, Any], form: tuple[str, str]) -> str | None:
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    if size != told.get("bytes"):
        return f"has {size} bytes, not {told.get('bytes')}"
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            digest.update(chunk)
    if digest.hexdigest() != told.get("sha256"):
        return "has another SHA-256 than its manifest says: it was changed"
    try:
        rows, forged = _events(path) if form == ("audit", "jsonl") else (_rows(path, form[1]), None)
    except (OSError, EOFError, zlib.error):
        return "is not gzip that can be read"
    if forged:
        return f"line {forged} is an event that does not have its own digest: it was changed before it was exported"
    return None if rows == told.get("rows") else f"has {rows} rows, not {told.get('rows')}"


def _rows(path: Path, form: str) -> int:
    """Count rows without reading a file whole: a quoted cell of CSV may hold line ends."""
    with gzip.open(path, "rb") as file:
        if form != "csv":
            return sum(1 for _ in file)
        rows, quoted = 0, False
        for line in file:
            quoted ^= line.count(b'"') % 2 == 1
            rows += not quoted
        return rows - 1


def _events(path: Path) -> tuple[int, int | None]:
    """Count events, and give the first line whose event does not have the digest that its own values have."""
    rows = 0
    with gzip.open(path, "rb") as file:
        for rows, line in enumerate(file, 1):
            try:
                event = json.loads(line)
                told = event.pop("digest")
            except (ValueError, KeyError, AttributeError, TypeError):
                return rows, rows
            canonical = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            if hashlib.sha256(canonical.encode()).hexdigest() != told:
                return rows, rows
    return rows, None


def main(arguments: list[str] | None = None) -> int:
    """Tell what was found, and end with 1 when anything does not fit."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.tools.verify_export", description="Prove a folder of exports."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--head", action="append", default=[], metavar="SHA256", help="digest of a last manifest")
    given = parser.parse_args(arguments)
    verdicts = verify(given.folder) if given.folder.is_dir() else []
    if not verdicts:
        print(f"There is no manifest in {given.folder}.", file=sys.stderr)
        return 1
    for verdict in verdicts:
        state = "DOES NOT FIT" if verdict.faults else "intact"
        print(
            f"{verdict.account_id}: {state}: {verdict.exports} exports from number {verdict.first or '?'}, "
            f"{verdict.files} files, {verdict.rows} rows; SHA-256 of the last manifest: {verdict.head}"
        )
        for told in verdict.notes:
            print(f"  note: {told}")
        for told in verdict.faults:
            print(f"  fault: {told}")
    missing = set(given.head) - {verdict.head for verdict in verdicts}
    for head in sorted(missing):
        print(f"  fault: no account's chain ends with {head}: manifests are missing, or one was changed")
    return 1 if missing or any(verdict.faults for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
