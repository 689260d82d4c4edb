"""The stored state of an account's exports: their progress, and the chain of the account's manifests.

Every change is one update that is conditional on the number of the step, so if two runs do the same step, only one
takes effect. To seal an export, one transaction chains its manifest to the account's last one.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dnc import times
from dnc.aws import errors as aws_errors
from dnc.aws import queries, wire
from dnc.bulk.exports import manifest as manifests
from dnc.bulk.exports.format import ExportKind
from dnc.bulk.exports.gzip_file import FileSummary
from dnc.bulk.exports.manifest import NO_DIGEST, ChainEnd
from dnc.bulk.jobs import Job, JobKind, Jobs
from dnc.problems import Unavailable

CHAIN = "export_chain"
_ATTEMPTS = 10


class Superseded(Exception):
    """Another nightly export has already exported this part of the audit, up to `until`."""

    def __init__(self, until: str) -> None:
        """`until`: RFC 3339 UTC."""
        super().__init__("another nightly export was sealed first")
        self.until = until


class Exports:
    """The exports of one account: their progress, and the chain of their manifests."""

    def __init__(self, client: Any, table: str, account_id: str) -> None:
        """Bind to the accounts table and an account."""
        self._client = client
        self._table = table
        self._account_id = account_id
        self.jobs = Jobs(client, table, account_id)

    def get(self, export_id: str) -> Job:
        """Read an export. Raises NotFound."""
        return self.jobs.get(JobKind.EXPORT, export_id)

    def chain(self) -> tuple[ChainEnd, str | None]:
        """Read the end of the account's chain, and until when nightly exports cover its audit (RFC 3339 UTC)."""
        with aws_errors.storage():
            response = self._client.get_item(TableName=self._table, Key=self._key(CHAIN), ConsistentRead=True)
        if "Item" not in response:
            return ChainEnd(), None
        row = wire.from_wire(response["Item"])
        return ChainEnd(int(row["length"]), str(row["sha256"]), row.get("export_id")), row.get("audit_until")

    def record_file(self, export: Job, cursor: str, file: FileSummary | None) -> bool:
        """Store a file and the cursor after it. Return False if another run did this step."""
        step = int(export.state["step"])
        sets = "SET kept.#cursor = :cursor, kept.step = :next"
        values: dict[str, Any] = {":cursor": cursor, ":next": step + 1}
        if file:
            sets += ", kept.files = list_append(kept.files, :file), counts.#rows = :rows"
            values |= {":file": [file.as_json()], ":rows": int(export.counts.get("rows", 0)) + file.rows}
        return self._update(export, step, sets, {"#cursor": "cursor", **({"#rows": "rows"} if file else {})}, values)

    def record_end(self, export: Job, at: datetime) -> bool:
        """Store that all rows have been read. Return False if another run did this step."""
        step = int(export.state["step"])
        values = {":at": times.text(at), ":next": step + 1}
        return self._update(export, step, "SET kept.read_until = :at, kept.step = :next", {}, values)

    def restart(self, export: Job, since: str) -> bool:
        """Start over from a later time, because everything before it has been exported."""
        step = int(export.state["step"])
        until = max(since, str(export.request["to"]))
        sets = (
            "SET kept.#cursor = :none, kept.files = :no_files, kept.step = :next, counts.#rows = :zero, "
            "#request.#from = :since, #request.#to = :until REMOVE kept.read_until"
        )
        names = {"#cursor": "cursor", "#rows": "rows", "#request": "request", "#from": "from", "#to": "to"}
        values = {":none": "", ":no_files": [], ":next": step + 1, ":zero": 0, ":since": since, ":until": until}
        return self._update(export, step, sets, names, values)

    def seal(self, export: Job, code_version: str) -> bytes:
        """Chain the export's manifest to the account's last one and return it. Idempotent.

        Raises Superseded if this is a nightly export and another one was sealed for the same part of the audit.
        """
        for _ in range(_ATTEMPTS):
            stored = self._manifest(export.id)
            if stored is not None:
                return stored
            link, audit_until = self.chain()
            nightly_audit = bool(export.state.get("nightly")) and export.request["kind"] == ExportKind.AUDIT
            if nightly_audit and audit_until is not None and audit_until != export.request["from"]:
                raise Superseded(audit_until)
            manifest = manifests.manifest(_summary(self._account_id, export, code_version), link)
            body = manifests.written(manifest)
            after = manifests.end_of_chain(manifest, body)
            if self._seal(export, body, link, after, audit_until, nightly_audit=nightly_audit):
                return body
        raise Unavailable("Too many exports of this account ended at once. This export will be retried.")

    def _seal(
        self,
        export: Job,
        body: bytes,
        before: ChainEnd,
        after: ChainEnd,
        audit_until: str | None,
        *,
        nightly_audit: bool,
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
                    "ExpressionAttributeValues": {":step": {"N": str(export.state["step"])}},
                }
            },
        ]
        return queries.transact_if(self._client, writes)

    def _manifest(self, export_id: str) -> bytes | None:
        with aws_errors.storage():
            response = self._client.get_item(
                TableName=self._table, Key=self._key(f"manifest#{export_id}"), ConsistentRead=True
            )
        return response["Item"]["body"]["S"].encode() if "Item" in response else None

    def _update(self, export: Job, step: int, sets: str, names: Mapping[str, str], values: Mapping[str, Any]) -> bool:
        return queries.write_if(
            self._client.update_item,
            TableName=self._table,
            Key=self._key(f"{JobKind.EXPORT}#{export.id}"),
            UpdateExpression=sets,
            ConditionExpression="#status = :running AND kept.step = :step",
            ExpressionAttributeNames={"#status": "status", **names},
            ExpressionAttributeValues=wire.to_wire({**values, ":running": "running", ":step": step}),
        ).written

    def _key(self, record: str) -> dict[str, Any]:
        return {"account_id": {"S": self._account_id}, "record": {"S": record}}


def initial_state(*, nightly: bool) -> dict[str, Any]:
    """Return the state of a new export."""
    return {"step": 0, "cursor": "", "files": [], "nightly": nightly}


def _summary(account_id: str, export: Job, code_version: str) -> manifests.ExportSummary:
    return manifests.ExportSummary(
        account_id=account_id,
        export_id=export.id,
        kind=str(export.request["kind"]),
        format=str(export.request["format"]),
        since=export.request.get("from"),
        until=export.request.get("to"),
        started_at=str(export.state.get("started_at") or export.created_at),
        read_until=str(export.state["read_until"]),
        code_version=code_version,
        files=[FileSummary.of(file) for file in export.state["files"]],
    )
