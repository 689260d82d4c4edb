"""An export, step by step, and the one place that keeps its progress and the chain of an account's manifests.

Each file is written and then noted with the place after it, so that a run that was stopped or killed at any point goes
on there, and no row is lost or exported twice. The note is one conditional update on the number of the step, so of two
runs that do the same step one counts. At the end the export is sealed: its manifest is chained to the account's last
one in one transaction, and only then written to S3.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dnc import times
from dnc.api.job_view import MANIFEST
from dnc.aws import errors as aws_errors
from dnc.aws import wire
from dnc.bulk.exports import format as export_rows
from dnc.bulk.exports import manifest as manifests
from dnc.bulk.exports.format import Format, Kind
from dnc.bulk.exports.gzip_file import MAX_BYTES, MAX_ROWS, FileWriter, Written
from dnc.bulk.exports.manifest import NO_DIGEST, Link
from dnc.bulk.exports.sources import Read
from dnc.bulk.files import TAG_EXPORT, JobFiles
from dnc.bulk.jobs import Job, JobKind, Jobs
from dnc.problems import Conflict, Unavailable

CHAIN = "export_chain"
_ROWS_BETWEEN_LOOKS = 500
_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a file may grow: rows, and bytes before compression."""

    rows: int = MAX_ROWS
    bytes: int = MAX_BYTES


class Superseded(Exception):
    """Another nightly export has exported this part of the audit. `until`: up to where."""

    def __init__(self, until: str) -> None:
        """Take up to where (RFC 3339 UTC) the audit was exported."""
        super().__init__("another nightly export was sealed first")
        self.until = until


class Exports:
    """The exports of one account as they are kept: their progress, and the chain of their manifests."""

    def __init__(self, client: Any, table: str, account_id: str) -> None:
        """Bind to the accounts table and an account."""
        self._client = client
        self._table = table
        self._account_id = account_id
        self.jobs = Jobs(client, table, account_id)

    def get(self, export_id: str) -> Job:
        """Read an export. Raises NotFound."""
        return self.jobs.get(JobKind.EXPORT, export_id)

    def chain(self) -> tuple[Link, str | None]:
        """Read the end of the account's chain, and up to where (RFC 3339 UTC) nights have exported its audit."""
        with aws_errors.storage():
            answer = self._client.get_item(TableName=self._table, Key=self._key(CHAIN), ConsistentRead=True)
        if "Item" not in answer:
            return Link(), None
        row = wire.from_wire(answer["Item"])
        return Link(int(row["length"]), str(row["sha256"]), row.get("export_id")), row.get("audit_until")

    def note(self, export: Job, cursor: str, file: Written | None) -> bool:
        """Note a file and the place after it; False when another run did this step."""
        step = int(export.kept["step"])
        sets = "SET kept.#cursor = :cursor, kept.step = :next"
        values: dict[str, Any] = {":cursor": cursor, ":next": step + 1}
        if file:
            sets += ", kept.files = list_append(kept.files, :file), counts.#rows = :rows"
            values |= {":file": [file.shown()], ":rows": int(export.counts.get("rows", 0)) + file.rows}
        return self._update(export, step, sets, {"#cursor": "cursor", **({"#rows": "rows"} if file else {})}, values)

    def note_end(self, export: Job, at: datetime) -> bool:
        """Note that every row was read; False when another run did."""
        step = int(export.kept["step"])
        values = {":at": times.text(at), ":next": step + 1}
        return self._update(export, step, "SET kept.read_until = :at, kept.step = :next", {}, values)

    def restart(self, export: Job, since: str) -> bool:
        """Begin anew from a later time: what was before it has been exported."""
        step = int(export.kept["step"])
        until = max(since, str(export.request["to"]))
        sets = (
            "SET kept.#cursor = :none, kept.files = :no_files, kept.step = :next, counts.#rows = :zero, "
            "#request.#from = :since, #request.#to = :until REMOVE kept.read_until"
        )
        names = {"#cursor": "cursor", "#rows": "rows", "#request": "request", "#from": "from", "#to": "to"}
        values = {":none": "", ":no_files": [], ":next": step + 1, ":zero": 0, ":since": since, ":until": until}
        return self._update(export, step, sets, names, values)

    def seal(self, export: Job, code_version: str) -> bytes:
        """Chain the export's manifest to the account's last one; give the manifest, the same for every repeat.

        Raises Superseded when it is a night's and another night's was sealed for the same part of the audit.
        """
        for _ in range(_ATTEMPTS):
            there = self._manifest(export.id)
            if there is not None:
                return there
            link, audit_until = self.chain()
            nightly_audit = bool(export.kept.get("nightly")) and export.request["kind"] == Kind.AUDIT
            if nightly_audit and audit_until is not None and audit_until != export.request["from"]:
                raise Superseded(audit_until)
            told = manifests.manifest(_told(self._account_id, export, code_version), link)
            body = manifests.written(told)
            after = manifests.link_of(told, body)
            if self._seal(export, body, link, after, audit_until, nightly_audit=nightly_audit):
                return body
        raise Unavailable("Too many exports of this account end at once. It is tried again.")

    def _seal(
        self, export: Job, body: bytes, before: Link, after: Link, audit_until: str | None, *, nightly_audit: bool
    ) -> bool:
        chain = {
            "account_id": self._account_id,
            "record": CHAIN,
            "length": after.length,
            "sha256": after.sha256,
            "export_id": after.export_id,
            "audit_until": export.request["to"] if nightly_audit else audit_until,
        }
        at_end: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(account_id)"}
        if before.sha256 != NO_DIGEST:
            at_end = {
                "ConditionExpression": "sha256 = :seen",
                "ExpressionAttributeValues": {":seen": {"S": before.sha256}},
            }
        sealed = {"account_id": self._account_id, "record": f"manifest#{export.id}", "body": body.decode()}
        once = {"ConditionExpression": "attribute_not_exists(account_id)"}
        writes = [
            {"Put": {"TableName": self._table, "Item": wire.to_wire(chain), **at_end}},
            {"Put": {"TableName": self._table, "Item": wire.to_wire(sealed), **once}},
            {
                "ConditionCheck": {
                    "TableName": self._table,
                    "Key": self._key(f"{JobKind.EXPORT}#{export.id}"),
                    "ConditionExpression": "kept.step = :step",
                    "ExpressionAttributeValues": {":step": {"N": str(export.kept["step"])}},
                }
            },
        ]
        try:
            with aws_errors.storage():
                self._client.transact_write_items(TransactItems=writes)
        except aws_errors.refused() as failed:
            if aws_errors.error_code(failed) != "TransactionCanceledException":
                raise
            return False
        return True

    def _manifest(self, export_id: str) -> bytes | None:
        with aws_errors.storage():
            answer = self._client.get_item(
                TableName=self._table, Key=self._key(f"manifest#{export_id}"), ConsistentRead=True
            )
        return answer["Item"]["body"]["S"].encode() if "Item" in answer else None

    def _update(self, export: Job, step: int, sets: str, names: Mapping[str, str], values: Mapping[str, Any]) -> bool:
        try:
            with aws_errors.storage():
                self._client.update_item(
                    TableName=self._table,
                    Key=self._key(f"{JobKind.EXPORT}#{export.id}"),
                    UpdateExpression=sets,
                    ConditionExpression="#status = :running AND kept.step = :step",
                    ExpressionAttributeNames={"#status": "status", **names},
                    ExpressionAttributeValues=wire.to_wire({**values, ":running": "running", ":step": step}),
                )
        except aws_errors.refused() as failed:
            if aws_errors.error_code(failed) != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _key(self, record: str) -> dict[str, Any]:
        return {"account_id": {"S": self._account_id}, "record": {"S": record}}


def begun(*, nightly: bool) -> dict[str, Any]:
    """Give what is `kept` of an export that begins."""
    return {"step": 0, "cursor": "", "files": [], "nightly": nightly}


def run(
    exports: Exports,
    export: Job,
    files: JobFiles,
    read: Read,
    clock: Callable[[], datetime],
    out_of_time: Callable[[], bool],
    bounds: Bounds | None = None,
) -> Job:
    """Write files from where the export stands until every row was read or time is short; give it as it stands then.

    `out_of_time`: tells that the file at hand must be ended now. Raises Conflict when another run works on it.
    """
    if "read_until" in export.kept:
        return export
    limits = bounds or Bounds()
    kind, form = Kind(export.request["kind"]), Format(export.request["format"])
    header = export_rows.header(kind, form)
    write = export_rows.writer(kind, form, clock())
    out = FileWriter(header, limits.rows, limits.bytes)
    cursor = noted = str(export.kept["cursor"])
    for i, (item, place) in enumerate(read(cursor or None)):
        cursor = place
        if item is not None:
            out.add(write(item))
        short = i % _ROWS_BETWEEN_LOOKS == _ROWS_BETWEEN_LOOKS - 1 and out_of_time()
        if out.full or short:
            export, noted = _keep(exports, export, files, out, cursor), cursor
            if short:
                return export
            out = FileWriter(header, limits.rows, limits.bytes)
            write = export_rows.writer(kind, form, clock())
    if out.rows or cursor != noted:
        export = _keep(exports, export, files, out, cursor)
    if not exports.note_end(export, clock()):
        raise Conflict("Another run works on this export.")
    return exports.get(export.id)


def seal(exports: Exports, export: Job, files: JobFiles, code_version: str, run_id: str, at: datetime) -> bool:
    """Seal an export that was read to its end, and write its manifest; False when it has to be begun anew."""
    try:
        body = exports.seal(export, code_version)
    except Superseded as superseded:
        exports.restart(export, superseded.until)
        return False
    files.put(MANIFEST, body, TAG_EXPORT)
    kept = {"manifest_sha256": manifests.digest(body)}
    if not exports.jobs.finish(JobKind.EXPORT, export.id, run_id, at, kept=kept):
        raise Conflict("Another run works on this export.")
    return True


def _keep(exports: Exports, export: Job, files: JobFiles, out: FileWriter, cursor: str) -> Job:
    file = None
    if out.rows:
        kind, form = export.request["kind"], export.request["format"]
        file, body = out.finish(f"{kind}-{len(export.kept['files']) + 1:05}", form)
        files.put(file.name, body, TAG_EXPORT)
    if not exports.note(export, cursor, file):
        raise Conflict("Another run works on this export.")
    return exports.get(export.id)


def _told(account_id: str, export: Job, code_version: str) -> manifests.Told:
    return manifests.Told(
        account_id=account_id,
        export_id=export.id,
        kind=str(export.request["kind"]),
        format=str(export.request["format"]),
        since=export.request.get("from"),
        until=export.request.get("to"),
        started_at=str(export.kept.get("started_at") or export.created_at),
        read_until=str(export.kept["read_until"]),
        code_version=code_version,
        files=[Written.of(file) for file in export.kept["files"]],
    )
