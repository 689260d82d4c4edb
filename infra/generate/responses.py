"""The API's responses as pydantic models, for the documentation and for tests that compare every response with it.

The functions build their responses as plain values and need no models at run time.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dnc.accounts.access import Action, Role
from dnc.audit.changes import EventType
from dnc.bulk.exports.format import ExportFormat, ExportKind
from dnc.bulk.jobs import JobStatus
from dnc.bulk.scrubs.leads import BlockBy
from dnc.bulk.scrubs.listed import Method
from dnc.entries.entry import Channel, Source
from dnc.problems import PROBLEMS

WRITTEN_TIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"
E164 = r"^\+[1-9]\d{1,14}$"


Time = Annotated[str, Field(pattern=WRITTEN_TIME, json_schema_extra={"format": "date-time"})]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", json_schema_extra={"format": "date"})]
Url = Annotated[str, Field(json_schema_extra={"format": "uri"})]


EntryStatus = StrEnum("EntryStatus", ["listed", "removed", "expired"])
CheckStatus = StrEnum("CheckStatus", ["listed", "clear", "invalid"])
Code = Annotated[str, Field(json_schema_extra={"enum": [problem.code for problem in PROBLEMS]})]


class Response(BaseModel):
    """A response with exactly these fields."""

    model_config = ConfigDict(extra="forbid")


class Actor(Response):
    """Who made a change: the credential, and the person it acted for."""

    principal: str = Field(
        description="key:{key_id}, user:{sub} of a JWT, or aws:/outside: for changes from outside the service"
    )
    acting_user: str | None


class RemovalEvidence(Response):
    """The proof of a reason."""

    reference: str | None = None
    obtained_at: Time | None = None
    purpose: str | None = None
    number: str | None = Field(None, description="the number that a signed consent names, in E.164")
    compared_date: Day | None = Field(None, description="the date in the query to the reassigned numbers database")
    checked_on: Day | None = Field(None, description="the day of the query")
    result: str | None = None


class PendingRemoval(Response):
    """A removal that waits for a second person: why, and who requested it."""

    reason: str
    note: str | None = Field(None, description="not for agents")
    evidence: RemovalEvidence | None = None
    correct_number: str | None = Field(None, pattern=E164, description="listed when the removal was requested")
    other_readings: list[str] | None = Field(None, description="other readings of correct_number, listed with it")
    asked_at: Time = Field(description="when it was requested")
    asked_by: Actor
    lapses_at: Time = Field(description="when it lapses if nobody decides")


class Removal(Response):
    """Why, when and by whom a number was removed."""

    reason: str
    note: str | None = Field(None, description="not for agents")
    evidence: RemovalEvidence | None = None
    correct_number: str | None = Field(None, pattern=E164)
    other_readings: list[str] | None = Field(None, description="other readings of correct_number, listed with it")
    removed_at: Time = Field(description="when it was removed")
    removed_by: Actor = Field(description="who removed it; if a second person approved it, that person")
    asked_at: Time | None = Field(None, description="when it was requested, if a second person approved it")
    asked_by: Actor | None = Field(None, description="who requested it, if a second person approved it")
    expires_at: Time | None = Field(None, description="the entry's expiry before the removal; a restore brings it back")


class Entry(Response):
    """One number of one account. Times are null if a row was written manually without them."""

    account_id: str
    number: str = Field(pattern=E164)
    national: str
    region: str | None
    status: EntryStatus
    source: Source
    sources: list[Source]
    requested_at: Time | None = Field(description="the earliest request; deadlines run from it")
    last_requested_at: Time | None = Field(description="the latest request; retention runs from it")
    listed_at: Time | None = Field(description="when it became blocked")
    listed_by: Actor
    expires_at: Time | None
    note: str | None = Field(None, description="not for agents")
    campaign_id: str | None
    agent_id: str | None
    call_id: str | None
    caller_id: str | None
    consumer_name: str | None = Field(None, description="not for agents")
    seller: str | None
    telemarketer: str | None
    goods_or_services: str | None
    import_id: str | None
    requested_at_text: str | None = Field(None, description="requested_at as sent, if it was not RFC 3339")
    also_listed: list[str] | None = Field(None, description="other readings of the number as written")
    reading_of: str | None = Field(
        None, description="the number whose ambiguous form also listed this one", pattern=E164
    )
    campaign_ids: list[str] = Field(description="the campaigns of all its requests; the latest 20")
    channels: list[Channel] = Field(description="what is blocked")
    requests: int = Field(ge=1, description="how many requests there have been since the number was listed")
    last_request: dict[str, Any] | None = Field(description="the latest further request, in full")
    honor_by: Time | None = Field(description="the deadline for listing it; null if there is none")
    late: bool | None = Field(description="whether it was blocked after honor_by; null if its old list does not say")
    listed_elsewhere_at: Time | None = Field(None, description="when the list that it was imported from listed it")
    registry_age_days: int | None = Field(None, description="days since the registry that lists it was last imported")
    missing_evidence: list[str]
    warnings: list[str]
    removal: Removal | None
    pending_removal: PendingRemoval | None = Field(description="a removal that waits for a second person")
    version: int
    changed_at: Time | None = Field(description="the last write")


class RefusedReason(Response):
    """A reason that is never accepted, with the rule."""

    code: str
    label: str
    why: str


class RemovalNotice(Response):
    """What to read before removing a number."""

    country: str | None
    why: str
    rule: str
    rule_seen_on: Day = Field(description="when the sources of the rule were last checked")
    consent_needed: bool = Field(description="whether the country requires consent before a marketing call")
    disclaimer: str
    reasons: list[str] = Field(description="the codes that are accepted for this entry")
    refused: list[RefusedReason] = Field(description="the reasons that are never accepted, explained for this entry")
    blocked_prefixes: list[str] = Field(
        description="the account's prefixes that block the phone, whatever its entry says"
    )


class EntryWithNotice(Entry):
    """One number, with what to know before removing it."""

    removal_notice: RemovalNotice


class RemovedEntry(Entry):
    """One number after its removal."""

    still_blocked_by: list[str] | None = Field(
        None,
        description="what still blocks the phone: other forms and readings of the number that are listed, and prefixes",
    )


class Accepted(Response):
    """The response to an intake credential. It does not reveal whether the number was already listed."""

    accepted: Literal[True]


class FieldProblem(Response):
    """A problem with one field."""

    field: str
    message: str


class Problem(Response):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    code: Code
    request_id: str
    errors: list[FieldProblem] | None = None


class BatchResult(Response):
    """The outcome of one add in a batch."""

    status: int
    entry: Entry | None = None
    accepted: Literal[True] | None = None
    error: Problem | None = None


class BatchResults(Response):
    """The outcomes of a batch, in order."""

    results: list[BatchResult]


class Page(Response):
    """The fields of every page."""

    next_page_token: str | None


class Entries(Page):
    """A page of the list, ordered by number."""

    numbers: list[Entry]


class Event(Response):
    """One audit event."""

    event_id: str
    type: EventType
    number: str | None = Field(description="null for a change to the account or a key")
    index: int = Field(ge=1, description="the position in the number's chain")
    sequence: str = Field(description="orders the events of a number; 40 digits")
    occurred_at: Time
    recorded_at: Time = Field(description="when the audit recorded it")
    actor: Actor
    reason: str | None
    evidence: dict[str, Any] | None
    request: dict[str, Any] | None = Field(description="the recorded do-not-call request, in full")
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    images: dict[str, Any] | None = Field(description="where both rows are stored if they are too large for an event")
    request_id: str | None
    format: int
    recorded_late: bool = Field(description="whether it was recorded after later events of its number")
    commitments: dict[str, str] = Field(description="a salted SHA-256 of each personal field, by its JSON pointer")
    previous_digest: str
    digest: str = Field(description="SHA-256 over the canonical JSON of the event and the digest before it")


class Chain(Response):
    """The state of a number's hash chain."""

    length: int
    head_digest: str | None
    intact: bool
    broken_at: int | None = Field(description="the index of the first event that does not fit, from 1")
    complete: bool = Field(description="whether every version of the entry has an event, and so does its deletion")
    missing: list[int] = Field(description="the versions without an event; at most 100")


class History(Page):
    """Everything that happened to a number, in the order of its chain."""

    events: list[Event]
    chain: Chain


class Events(Page):
    """A page of the account's events, newest first."""

    events: list[Event]


class Reason(Response):
    """A valid reason to remove a number."""

    code: str
    label: str
    guidance: str
    requires: list[str]
    sources: list[Source]


class Reasons(Response):
    """The reasons, valid and refused."""

    reasons: list[Reason]
    refused: list[RefusedReason]


class CheckResult(Response):
    """The result for one number. Only a number with `callable: true` may be called."""

    input: str = Field(description="the element as sent; if it is not a string, its JSON text")
    number: str | None
    callable: bool
    status: CheckStatus
    listed_at: Time | None = None
    source: str | None = Field(None, description="the entry's source; prefix if the account blocks the first digits")
    detail: str | None = None
    readings: list[str] | None = Field(None, description="every number that was looked up, if there are several")
    registry_stale: Literal[True] | None = Field(
        None, description="it is on a registry whose latest import is older than 31 days"
    )
    consent_needed: Literal[True] | None = Field(
        None, description="the number's country requires consent before a marketing call"
    )


class Checked(Response):
    """One result for each number in the request, in order."""

    account_id: str
    checked_at: Time = Field(description="taken before the list was read")
    blocked: int = Field(description="how many numbers are not callable")
    results: list[CheckResult]


class ReadNumber(Response):
    """One number that a written form may mean."""

    number: str = Field(pattern=E164)
    national: str
    region: str | None


class Reading(Response):
    """How one written number is read, or why an add would refuse it. Its fields describe the first reading."""

    input: str
    number: str | None = Field(pattern=E164)
    national: str | None
    region: str | None
    readings: list[ReadNumber] = Field(description="every number that an add would list, the most likely first")
    warnings: list[str]
    error: str | None


class Readings(Response):
    """One reading for each written number, in order."""

    readings: list[Reading]


class StatsOfDay(Response):
    """The listings and removals of one day (UTC)."""

    date: Day
    listed: dict[str, int] = Field(description="by source: listed, listed again and restored")
    late: int = Field(description="how many were listed after honor_by")
    removed: dict[str, int] = Field(
        description="by reason; expiries and changes outside the service by the type of their event"
    )


class Stats(Response):
    """Statistics of the account's list, counted from its audit up to `as_of`."""

    as_of: Time = Field(description="events recorded up to this time are counted")
    listed_total: int
    days: list[StatsOfDay]


class Self(Response):
    """The identity of a credential."""

    principal: str
    key_name: str | None = Field(description="the name of the API key; null for a JWT")
    expires_at: Time | None = Field(description="when the API key expires; null if never, and for a JWT")
    person: str | None = Field(description="the person in a JWT; null for a key")
    role: Role
    account_id: str | None = Field(description="null for an operator")
    account_name: str | None = Field(description="null for an operator")
    default_region: str | None = Field(description="of the account; null for an operator")
    may: list[Action]


class Account(Response):
    """One customer of the platform."""

    account_id: str
    name: str
    default_region: str | None
    suspended: bool
    approve_reasons: list[str] = Field(description="the removal reasons that a second person must approve")
    blocked_prefixes: list[str] = Field(description="first digits of E.164 numbers that are never callable")
    created_at: Time = Field(description="when it was created")
    changed_at: Time = Field(description="when it was last changed")


class RegistryImports(Response):
    """The areas whose registry was last imported on one day."""

    day: Day
    areas: list[str] = Field(description="first digits of E.164 numbers: +1 and an area code, or a country code")


class AccountInFull(Account):
    """One customer, with the age of its registries."""

    registry_imports: list[RegistryImports] = Field(description="the oldest first")


class AccountsPage(Page):
    """A page of all accounts."""

    accounts: list[Account]


class Key(Response):
    """An API key, without its token."""

    key_id: str
    role: Role
    name: str
    created_at: Time = Field(description="when it was created")
    created_by: str
    expires_at: Time | None
    revoked_at: Time | None


class KeyWithToken(Key):
    """A new key. The token is shown only this once."""

    token: str


class Keys(Response):
    """The account's keys, including revoked ones."""

    keys: list[Key]


class Upload(Response):
    """How to upload a job's file. A browser adds Content-Length itself."""

    url: Url
    method: Literal["PUT"]
    headers: dict[str, str] = Field(description="to be sent unchanged, because the URL's signature covers them")
    expires_at: Time = Field(description="when the URL expires; the upload must begin before then")


class Job(Response):
    """The fields of every bulk job."""

    id: str = Field(pattern=r"^[0-9a-z]{26}$")
    status: JobStatus
    progress: float = Field(ge=0, le=1)
    counts: dict[str, int]
    created_at: Time = Field(description="when it was created")
    created_by: Actor
    finished_at: Time | None
    error: str | None = Field(description="what went wrong and what to do")


class Candidate(Response):
    """A column that may contain a file's numbers."""

    column: str
    samples: list[str] = Field(description="a few of its values")


class FileJob(Job):
    """The fields of imports and scrubs."""

    filename: str
    bytes: int
    columns: list[str] | None = Field(description="the columns that the client chose")
    region: str | None
    candidates: list[Candidate] = Field(description="in needs_columns: the columns to choose from")
    attention: str | None = Field(description="what is probably wrong with the whole file")


class RegistryAccess(Response):
    """The registry file of an import, and who accessed it."""

    version: str | None
    accessed_by: str | None
    accessed_on: Day | None
    san: str | None
    campaign: str | None = None


class ImportedFile(Response):
    """One file of a zip."""

    name: str
    counts: dict[str, int]
    report_url: Url | None


class Undo(Response):
    """The result of undoing an import."""

    requested_at: Time = Field(description="when it was requested")
    requested_by: Actor
    counts: dict[str, int] = Field(description="removed, touched_since, listed_before")
    error: str | None
    report_url: Url | None


class ImportJob(FileJob):
    """An import. Counts: rows, numbers, listed, already_listed, skipped_removed, invalid."""

    source: Source
    note: str | None
    expires_at: Time | None = Field(None, description="the expiry of numbers without their own")
    dry_run: bool
    skip_removed: bool
    registry: RegistryAccess | None
    report_url: Url | None = Field(description="every refused row with its line and the reason; valid for 15 minutes")
    files: list[ImportedFile] = Field(description="the files of a zip")
    undo: Undo | None


class NewImportJob(ImportJob):
    """A new import, with the URL for uploading its file."""

    upload: Upload


class Imports(Page):
    """A page of imports, newest first."""

    imports: list[ImportJob]


class ScrubJob(FileJob):
    """A scrub. Counts: rows, clear, blocked, invalid, late (of the clear ones), and by cell, cells_emptied."""

    column: str | None
    channel: Channel | None
    by: BlockBy
    clear_url: Url | None
    blocked_url: Url | None
    late_url: Url | None
    as_of: Time | None = Field(description="numbers listed before this time are in blocked_url or late_url")
    looked_by: Method | None


class NewScrubJob(ScrubJob):
    """A new scrub, with the URL for uploading its file."""

    upload: Upload


class Scrubs(Page):
    """A page of scrubs, newest first."""

    scrubs: list[ScrubJob]


class ExportedFile(Response):
    """One file of an export."""

    url: Url
    rows: int
    bytes: int
    sha256: str


class Window(Response):
    """The time that an export covers, [from, to)."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    since: Time | None = Field(alias="from", description="null: from the beginning")
    until: Time | None = Field(alias="to", description="null: until the export has read its rows")


class ExportJob(Job):
    """An export of the list or of the audit."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    kind: ExportKind
    format: ExportFormat
    since: Time | None = Field(alias="from")
    until: Time | None = Field(alias="to")
    files: list[ExportedFile]
    window: Window
    manifest_url: Url | None
    manifest_sha256: str | None = Field(description="store it elsewhere: it proves every export up to this one")


class Exports(Page):
    """A page of exports, newest first."""

    exports: list[ExportJob]


_ACCOUNT = "/accounts/{account_id}"
RESPONSES: dict[tuple[str, str, int], type[Response] | None] = {
    ("POST", f"{_ACCOUNT}/numbers", 201): Entry,
    ("POST", f"{_ACCOUNT}/numbers", 200): Entry,
    ("POST", f"{_ACCOUNT}/numbers", 202): Accepted,
    ("POST", f"{_ACCOUNT}/numbers/batch", 200): BatchResults,
    ("GET", f"{_ACCOUNT}/numbers", 200): Entries,
    ("GET", f"{_ACCOUNT}/numbers/{{number}}", 200): EntryWithNotice,
    ("GET", f"{_ACCOUNT}/numbers/{{number}}/history", 200): History,
    ("GET", f"{_ACCOUNT}/audit", 200): Events,
    ("GET", f"{_ACCOUNT}/pending-removals", 200): Entries,
    ("DELETE", f"{_ACCOUNT}/numbers/{{number}}", 200): RemovedEntry,
    ("DELETE", f"{_ACCOUNT}/numbers/{{number}}", 202): Entry,
    ("POST", f"{_ACCOUNT}/numbers/{{number}}/removal", 200): RemovedEntry,
    ("POST", f"{_ACCOUNT}/numbers/{{number}}/removal", 202): Entry,
    ("POST", f"{_ACCOUNT}/numbers/{{number}}/removal/approve", 200): RemovedEntry,
    ("POST", f"{_ACCOUNT}/numbers/{{number}}/removal/reject", 200): Entry,
    ("POST", f"{_ACCOUNT}/numbers/{{number}}/removal/withdraw", 200): Entry,
    ("POST", f"{_ACCOUNT}/numbers/{{number}}/restore", 200): Entry,
    ("GET", f"{_ACCOUNT}/stats", 200): Stats,
    ("POST", f"{_ACCOUNT}/readings", 200): Readings,
    ("GET", "/removal-reasons", 200): Reasons,
    ("GET", "/me", 200): Self,
    ("POST", f"{_ACCOUNT}/checks", 200): Checked,
    ("POST", f"{_ACCOUNT}/imports", 201): NewImportJob,
    ("GET", f"{_ACCOUNT}/imports", 200): Imports,
    ("GET", f"{_ACCOUNT}/imports/{{id}}", 200): ImportJob,
    ("POST", f"{_ACCOUNT}/imports/{{id}}/columns", 200): ImportJob,
    ("POST", f"{_ACCOUNT}/imports/{{id}}/undo", 200): ImportJob,
    ("POST", f"{_ACCOUNT}/scrubs", 201): NewScrubJob,
    ("GET", f"{_ACCOUNT}/scrubs", 200): Scrubs,
    ("GET", f"{_ACCOUNT}/scrubs/{{id}}", 200): ScrubJob,
    ("POST", f"{_ACCOUNT}/scrubs/{{id}}/columns", 200): ScrubJob,
    ("POST", f"{_ACCOUNT}/exports", 201): ExportJob,
    ("GET", f"{_ACCOUNT}/exports", 200): Exports,
    ("GET", f"{_ACCOUNT}/exports/{{id}}", 200): ExportJob,
    ("PUT", _ACCOUNT, 201): Account,
    ("PUT", _ACCOUNT, 200): Account,
    ("PATCH", _ACCOUNT, 200): Account,
    ("GET", _ACCOUNT, 200): AccountInFull,
    ("GET", "/accounts", 200): AccountsPage,
    ("POST", f"{_ACCOUNT}/keys", 201): KeyWithToken,
    ("GET", f"{_ACCOUNT}/keys", 200): Keys,
    ("DELETE", f"{_ACCOUNT}/keys/{{key_id}}", 204): None,
}
