"""A function's settings, read once from its environment into a frozen object."""

from __future__ import annotations

import os
from types import MappingProxyType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Settings:
    """The environment variables, each with its type. A function has only those it uses; any other raises KeyError."""

    __slots__ = ("environment",)

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Copy the environment; later changes to it have no effect."""
        self.environment = MappingProxyType(dict(environment))

    @classmethod
    def from_env(cls, *needed: str) -> Settings:
        """Read the environment. Raises a KeyError that names every missing variable."""
        missing = [name for name in needed if not os.environ.get(name)]
        if missing:
            raise KeyError(f"set these environment variables: {', '.join(missing)}")
        return cls(os.environ)

    @property
    def numbers_table(self) -> str:
        """NUMBERS_TABLE: the table of the lists."""
        return self.environment["NUMBERS_TABLE"]

    @property
    def audit_table(self) -> str:
        """AUDIT_TABLE: the table of the audit's events."""
        return self.environment["AUDIT_TABLE"]

    @property
    def accounts_table(self) -> str:
        """ACCOUNTS_TABLE: the table of accounts, keys and jobs."""
        return self.environment["ACCOUNTS_TABLE"]

    @property
    def check_deadline_seconds(self) -> float:
        """CHECK_DEADLINE_SECONDS: how long a direct check may take before it raises Unavailable; default 2.5."""
        return float(self.environment.get("CHECK_DEADLINE_SECONDS") or 2.5)

    @property
    def bulk_bucket(self) -> str:
        """BULK_BUCKET: the bucket of bulk files."""
        return self.environment["BULK_BUCKET"]

    @property
    def import_machine(self) -> str:
        """IMPORT_MACHINE: the ARN of the state machine for imports and undos."""
        return self.environment["IMPORT_MACHINE"]

    @property
    def scrub_machine(self) -> str:
        """SCRUB_MACHINE: the ARN of the state machine for scrubs."""
        return self.environment["SCRUB_MACHINE"]

    @property
    def export_machine(self) -> str:
        """EXPORT_MACHINE: the ARN of the state machine for exports."""
        return self.environment["EXPORT_MACHINE"]

    @property
    def nightly_exports_machine(self) -> str:
        """NIGHTLY_EXPORTS_MACHINE: the ARN of the state machine for the nightly exports."""
        return self.environment["NIGHTLY_EXPORTS_MACHINE"]

    @property
    def export_file_rows(self) -> int:
        """EXPORT_FILE_ROWS: the most rows in one file of an export; default 250,000."""
        return int(self.environment.get("EXPORT_FILE_ROWS") or 250_000)

    @property
    def read_units_per_second(self) -> float:
        """READ_UNITS_PER_SECOND: the read units that all bulk jobs of one account may use per second; default 1,000."""
        return float(self.environment.get("READ_UNITS_PER_SECOND") or 1000)

    @property
    def reading_jobs_per_account(self) -> int:
        """READING_JOBS_PER_ACCOUNT: how many scrubs and exports of one account may run at the same time; default 4."""
        return int(self.environment.get("READING_JOBS_PER_ACCOUNT") or 4)

    @property
    def scrub_concurrency(self) -> int:
        """SCRUB_CONCURRENCY: how many pieces of one account's scrubs are checked in parallel; default 10."""
        return int(self.environment.get("SCRUB_CONCURRENCY") or 10)

    @property
    def import_concurrency(self) -> int:
        """IMPORT_CONCURRENCY: how many pieces of one import are written in parallel."""
        return int(self.environment["IMPORT_CONCURRENCY"])

    @property
    def import_writes_per_second(self) -> float:
        """IMPORT_WRITES_PER_SECOND: the most rows that all imports of one account write per second."""
        return float(self.environment["IMPORT_WRITES_PER_SECOND"])

    @property
    def import_slow_lag_seconds(self) -> float:
        """IMPORT_SLOW_LAG_SECONDS: the audit lag above which an import slows down."""
        return float(self.environment["IMPORT_SLOW_LAG_SECONDS"])

    @property
    def event_bus(self) -> str:
        """EVENT_BUS: the EventBridge bus of change events."""
        return self.environment["EVENT_BUS"]

    @property
    def failed_records_bucket(self) -> str:
        """FAILED_RECORDS_BUCKET: the bucket of stream records that could not be recorded."""
        return self.environment["FAILED_RECORDS_BUCKET"]

    @property
    def reinstate_deleted(self) -> bool:
        """REINSTATE_DELETED: whether to put back listed rows that were deleted outside the service; default true."""
        return self.environment.get("REINSTATE_DELETED") != "false"

    @property
    def oidc_issuer(self) -> str:
        """OIDC_ISSUER: the issuer whose JWTs are accepted, or empty for none."""
        return self.environment.get("OIDC_ISSUER", "")

    @property
    def oidc_audience(self) -> str:
        """OIDC_AUDIENCE: the audience that a JWT must be for."""
        return self.environment.get("OIDC_AUDIENCE", "")

    @property
    def oidc_client_id(self) -> str:
        """OIDC_CLIENT_ID: the public client for signing in to the console. If empty, only API keys sign in."""
        return self.environment.get("OIDC_CLIENT_ID", "")

    @property
    def console_idle_minutes(self) -> int:
        """CONSOLE_IDLE_MINUTES: after how long without activity the console signs people out. 0: never."""
        return int(self.environment.get("CONSOLE_IDLE_MINUTES") or 0)

    @property
    def bulk_origins(self) -> list[str]:
        """BULK_ORIGINS: the origins of upload URLs, separated by spaces."""
        return self.environment.get("BULK_ORIGINS", "").split()

    @property
    def oidc_account_claim(self) -> str:
        """OIDC_ACCOUNT_CLAIM: the claim that holds the account."""
        return self.environment.get("OIDC_ACCOUNT_CLAIM") or "account_id"

    @property
    def oidc_role_claim(self) -> str:
        """OIDC_ROLE_CLAIM: the claim that holds the role."""
        return self.environment.get("OIDC_ROLE_CLAIM") or "role"
