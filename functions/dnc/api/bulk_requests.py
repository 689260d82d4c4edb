"""The request bodies of bulk jobs, as pydantic models."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from dnc.api.fields import ActingUser, Body, Day, Moment, Note, Region, Text, as_integer
from dnc.bulk.exports.format import ExportFormat, ExportKind
from dnc.bulk.files import MAX_UPLOAD_BYTES
from dnc.bulk.scrubs.leads import BlockBy
from dnc.entries.entry import EXPIRING_SOURCES, Channel, Source

Filename = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/\\]+$")
]
Bytes = Annotated[
    int,
    Field(ge=1, le=MAX_UPLOAD_BYTES, description="the file's length; it is signed into the URL"),
    BeforeValidator(as_integer),
]


class Registry(Body):
    """The registry's file that an import reads, and who accessed it, for the record (47 CFR 64.1200(c)(2)(i)(D))."""

    version: Text = None
    accessed_by: Text = None
    accessed_on: Day | None = None
    san: Text = Field(None, description="subscription account number")
    campaign: Text = Field(None, description="the campaign that the file was fetched for")


Columns = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=200)]],
    Field(min_length=1, max_length=50, description="the columns with phone numbers, by name or by position from 1"),
]


class NewImport(Body):
    """Import numbers from a file: one per line, or CSV with a header."""

    filename: Filename
    bytes: Bytes
    source: Annotated[Source, Field(strict=False)] = Source.IMPORT
    region: Region = Field(None, description="ISO 3166-1 alpha-2; without it the account's default_region")
    note: Note = None
    columns: Columns | None = None
    expires_at: Moment | None = Field(
        None, description="the expiry of numbers without their own; only for the sources that expire"
    )
    dry_run: bool = Field(False, description="count, but change nothing")
    skip_removed: bool = Field(False, description="leave removed numbers removed")
    registry: Registry | None = None
    acting_user: ActingUser = None

    @model_validator(mode="after")
    def _require_registry_source(self) -> Self:
        if self.registry is not None and self.source is not Source.REGISTRY:
            raise ValueError("registry is only allowed with the source registry")
        return self

    @model_validator(mode="after")
    def _require_expiring_source(self) -> Self:
        if self.expires_at is not None and self.source not in EXPIRING_SOURCES:
            raise ValueError(f"expires_at is only allowed with the sources {', '.join(sorted(EXPIRING_SOURCES))}")
        return self


class ChosenColumns(Body):
    """Choose the columns of a job that waits in `needs_columns`."""

    columns: Columns


class UndoImport(Body):
    """Undo an import."""

    acting_user: ActingUser = None


class NewScrub(Body):
    """Split a campaign's leads into callable and blocked ones."""

    filename: Filename
    bytes: Bytes
    column: Text = Field(None, description="the name or the position (from 1) of the only column with numbers")
    columns: Columns | None = None
    region: Region = Field(None, description="ISO 3166-1 alpha-2; without it the account's default_region")
    channel: Annotated[Channel, Field(strict=False)] | None = Field(None, description="without it, any listing blocks")
    by: Annotated[BlockBy, Field(strict=False)] = BlockBy.ROW
    acting_user: ActingUser = None

    @model_validator(mode="after")
    def _one_of_column_and_columns(self) -> Self:
        if self.column is not None and self.columns is not None:
            raise ValueError("column and columns cannot both be set")
        return self


class NewExport(Body):
    """Export the list or the audit to files."""

    kind: Annotated[ExportKind, Field(strict=False)]
    format: Annotated[ExportFormat, Field(strict=False)] = ExportFormat.CSV
    since: Moment | None = Field(None, alias="from")
    until: Moment | None = Field(None, alias="to")
    acting_user: ActingUser = None
