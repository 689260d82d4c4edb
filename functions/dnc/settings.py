"""The settings of a function, read once from its environment into a frozen object."""

from __future__ import annotations

import os
from types import MappingProxyType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Settings:
    """Names of the tables and the bus. A function is given only those that it uses; another fails by name."""

    __slots__ = ("environment",)

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Take a copy of the environment that nothing changes any more."""
        self.environment = MappingProxyType(dict(environment))

    @classmethod
    def from_env(cls, *needed: str) -> Settings:
        """Read the environment; raises KeyError that names every needed variable that is missing."""
        missing = [name for name in needed if not os.environ.get(name)]
        if missing:
            raise KeyError(f"set these environment variables: {', '.join(missing)}")
        return cls(os.environ)

    @property
    def numbers_table(self) -> str:
        """NUMBERS_TABLE: the list."""
        return self.environment["NUMBERS_TABLE"]

    @property
    def audit_table(self) -> str:
        """AUDIT_TABLE: the events."""
        return self.environment["AUDIT_TABLE"]

    @property
    def accounts_table(self) -> str:
        """ACCOUNTS_TABLE: accounts and keys."""
        return self.environment["ACCOUNTS_TABLE"]

    @property
    def bulk_bucket(self) -> str:
        """BULK_BUCKET: the bucket of bulk files."""
        return self.environment["BULK_BUCKET"]

    @property
    def import_machine(self) -> str:
        """IMPORT_MACHINE: the ARN of the state machine of imports, for undo."""
        return self.environment["IMPORT_MACHINE"]

    @property
    def export_machine(self) -> str:
        """EXPORT_MACHINE: the ARN of the state machine of exports."""
        return self.environment["EXPORT_MACHINE"]

    @property
    def export_file_rows(self) -> int:
        """EXPORT_FILE_ROWS: how many rows a file of an export has at most."""
        return int(self.environment.get("EXPORT_FILE_ROWS") or 250_000)

    @property
    def import_concurrency(self) -> int:
        """IMPORT_CONCURRENCY: pieces of one import that are written side by side."""
        return int(self.environment["IMPORT_CONCURRENCY"])

    @property
    def import_writes_per_second(self) -> float:
        """IMPORT_WRITES_PER_SECOND: rows a second that one import writes at most."""
        return float(self.environment["IMPORT_WRITES_PER_SECOND"])

    @property
    def import_slow_lag_seconds(self) -> float:
        """IMPORT_SLOW_LAG_SECONDS: when the audit is this far behind, an import writes more slowly."""
        return float(self.environment["IMPORT_SLOW_LAG_SECONDS"])

    @property
    def event_bus(self) -> str:
        """EVENT_BUS: the EventBridge bus of change events."""
        return self.environment["EVENT_BUS"]

    @property
    def oidc_issuer(self) -> str:
        """OIDC_ISSUER: whose JWTs are taken; empty: none."""
        return self.environment.get("OIDC_ISSUER", "")

    @property
    def oidc_audience(self) -> str:
        """OIDC_AUDIENCE: the audience that a JWT must name."""
        return self.environment.get("OIDC_AUDIENCE", "")

    @property
    def oidc_client_id(self) -> str:
        """OIDC_CLIENT_ID: the public client with which people sign in to the console; empty: with keys alone."""
        return self.environment.get("OIDC_CLIENT_ID", "")

    @property
    def bulk_origins(self) -> list[str]:
        """BULK_ORIGINS: the origins, separated by blanks, of the URLs to which files of bulk jobs are uploaded."""
        return self.environment.get("BULK_ORIGINS", "").split()

    @property
    def oidc_account_claim(self) -> str:
        """OIDC_ACCOUNT_CLAIM: the claim that holds the account."""
        return self.environment.get("OIDC_ACCOUNT_CLAIM") or "account_id"

    @property
    def oidc_role_claim(self) -> str:
        """OIDC_ROLE_CLAIM: the claim that holds the role."""
        return self.environment.get("OIDC_ROLE_CLAIM") or "role"
