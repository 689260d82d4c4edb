"""Verifies downloaded exports: `python -m infra.tools.verify_export FOLDER [--head SHA256]`.

The folder contains one folder per export, at any depth, with the export's manifest.json next to its files. The script
prints for each account whether every file matches its manifest, and whether every manifest follows the previous one.
`--head` is the digest of an account's last manifest, stored elsewhere. It also reveals whether manifests are missing
at the end. The script exits with status 1 if anything does not match. It needs only Python's standard library.
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
    """The result for one account."""

    account_id: str
    exports: int = 0
    files: int = 0
    rows: int = 0
    first: int = 0
    head: str = NO_DIGEST
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest in the folder. `sha256`: of its bytes."""

    path: Path
    content: dict[str, Any]
    sha256: str


def verify(folder: Path) -> list[Verdict]:
    """Verify every manifest and file in a folder, by account. Nothing in it is trusted."""
    unreadable = Verdict("(unreadable)")
    accounts: dict[str, list[Manifest]] = defaultdict(list)
    for path in sorted(folder.rglob("manifest*.json")):
        body = path.read_bytes()
        try:
            content = json.loads(body)
            int(content["index"])
            accounts[str(content["account_id"])].append(Manifest(path, content, hashlib.sha256(body).hexdigest()))
        except (ValueError, KeyError, TypeError):
            unreadable.faults.append(f"{path}: is not a readable manifest")
    verdicts = [_verdict(account_id, manifests) for account_id, manifests in sorted(accounts.items())]
    return verdicts + ([unreadable] if unreadable.faults else [])


def _verdict(account_id: str, manifests: list[Manifest]) -> Verdict:
    verdict = Verdict(account_id)
    ordered = sorted(manifests, key=lambda one: (int(one.content["index"]), one.sha256))
    previous: Manifest | None = None
    for manifest in ordered:
        verdict.exports += 1
        if previous is not None and previous.sha256 == manifest.sha256:
            verdict.notes.append(f"{manifest.path}: is a second copy of the same manifest")
        else:
            verdict.faults += _link(previous, manifest)
            if previous is None and int(manifest.content["index"]) > 1:
                verdict.notes.append(
                    f"the chain begins at export {manifest.content['index']}. The manifest before it is not in this "
                    f"folder; it must have the SHA-256 {manifest.content.get('previous_sha256')}"
                )
        verdict.faults += _files(manifest, verdict)
        previous = manifest
    verdict.first = int(ordered[0].content["index"])
    verdict.head = ordered[-1].sha256
    return verdict


def _link(previous: Manifest | None, manifest: Manifest) -> Iterator[str]:
    path, index, digest = manifest.path, int(manifest.content["index"]), manifest.content.get("previous_sha256")
    if previous is None:
        if index == 1 and digest != NO_DIGEST:
            yield f"{path}: is the first manifest of the chain, but names a previous one"
    elif index == int(previous.content["index"]):
        yield f"{path}: is export {index} of the account, and so is {previous.path}"
    elif index != int(previous.content["index"]) + 1:
        yield f"{path}: is export {index}, but the one before it is {previous.content['index']}: some are missing"
    elif digest != previous.sha256:
        yield f"{path}: does not follow {previous.path}: one of the two was changed"


def _files(manifest: Manifest, verdict: Verdict) -> Iterator[str]:
    content = manifest.content
    total = 0
    for listed in content.get("files") or []:
        path = manifest.path.parent / Path(str(listed.get("name"))).name
        verdict.files += 1
        total += int(listed.get("rows") or 0)
        fault = _file(path, listed, (str(content.get("kind")), str(content.get("format"))))
        if fault:
            yield f"{path}: {fault}"
    verdict.rows += total
    if total != content.get("rows"):
        yield f"{manifest.path}: the rows of its files do not add up to its total"


def _file(path: Path, listed: dict[str, Any], contents: tuple[str, str]) -> str | None:
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    if size != listed.get("bytes"):
        return f"has {size} bytes, not {listed.get('bytes')}"
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            digest.update(chunk)
    if digest.hexdigest() != listed.get("sha256"):
        return "does not have the SHA-256 in its manifest: it was changed"
    try:
        rows, forged = _events(path) if contents == ("audit", "jsonl") else (_rows(path, contents[1]), None)
    except (OSError, EOFError, zlib.error):
        return "is not readable gzip"
    if forged:
        return f"the event on line {forged} does not match its digest: it was changed before the export"
    return None if rows == listed.get("rows") else f"has {rows} rows, not {listed.get('rows')}"


def _rows(path: Path, file_format: str) -> int:
    """Count rows without loading a file. A quoted CSV cell may contain line ends."""
    with gzip.open(path, "rb") as file:
        if file_format != "csv":
            return sum(1 for _ in file)
        rows, quoted = 0, False
        for line in file:
            quoted ^= line.count(b'"') % 2 == 1
            rows += not quoted
        return rows - 1


def _events(path: Path) -> tuple[int, int | None]:
    """Count events. Also return the first line whose event does not match its digest, or None."""
    rows = 0
    with gzip.open(path, "rb") as file:
        for rows, line in enumerate(file, 1):
            try:
                event = json.loads(line)
                stored, personal = event.pop("digest"), event.pop("personal", {})
                if _sha256(event) != stored or not _match_commitments(personal, event.get("commitments", {})):
                    return rows, rows
            except (ValueError, KeyError, AttributeError, TypeError):
                return rows, rows
    return rows, None


def _match_commitments(personal: dict[str, Any], commitments: dict[str, str]) -> bool:
    """Return whether every personal field matches its commitment. Erased fields are missing."""
    return all(commitments[path] == _sha256(field["value"], field["salt"]) for path, field in personal.items())


def _sha256(value: Any, salt: str = "") -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(bytes.fromhex(salt) + canonical.encode()).hexdigest()


def main(arguments: list[str] | None = None) -> int:
    """Print the verdicts. Return 1 if anything does not match."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.tools.verify_export", description="Verify a folder of exports."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--head", action="append", default=[], metavar="SHA256", help="the digest of a last manifest")
    options = parser.parse_args(arguments)
    verdicts = verify(options.folder) if options.folder.is_dir() else []
    if not verdicts:
        print(f"There is no manifest in {options.folder}.", file=sys.stderr)
        return 1
    for verdict in verdicts:
        state = "DOES NOT MATCH" if verdict.faults else "intact"
        print(
            f"{verdict.account_id}: {state}: {verdict.exports} exports from number {verdict.first or '?'}, "
            f"{verdict.files} files, {verdict.rows} rows; SHA-256 of the last manifest: {verdict.head}"
        )
        for note in verdict.notes:
            print(f"  note: {note}")
        for fault in verdict.faults:
            print(f"  fault: {fault}")
    missing = set(options.head) - {verdict.head for verdict in verdicts}
    for head in sorted(missing):
        print(f"  fault: no account's chain ends with {head}: manifests are missing, or one was changed")
    return 1 if missing or any(verdict.faults for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
