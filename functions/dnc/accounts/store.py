"""The accounts table: accounts and their API keys. Operators' keys are in the partition `#platform`."""

import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from dnc import times
from dnc.accounts import profiles
from dnc.accounts.access import Caller, Role
from dnc.accounts.profiles import PROFILE, Profile, Profiles, record_key
from dnc.accounts.refusals import Refusals
from dnc.accounts.tokens import PLATFORM, Token
from dnc.aws import errors as aws_errors
from dnc.aws import queries, wire
from dnc.aws.attempts import attempts
from dnc.problems import Forbidden, InvalidRequest, NotFound, Unauthenticated, Unavailable

ACCOUNT_ID = profiles.ACCOUNT_ID
DIRECTORY = "#accounts"
SETUP = {"principal": "service:setup", "acting_user": None}
"""The actor of a change that a local command makes with AWS credentials."""
_EXPIRY_NOTED = "expiry#"
"""A separate record, so that a key's own record changes only when somebody changes the key."""
_PATIENCE = 5.0
_MAX_MAKERS = 20
"""How many makers of a key are followed: the key that made it, the key that made that one, and so on."""
_MILLISECOND = timedelta(milliseconds=1)
_refusals = Refusals()


class KeyRefused(Unauthenticated):
    """A known key that may not be used: it was revoked, it has expired, or its account is suspended."""

    def __init__(self, detail: str, account_id: str, principal: str) -> None:
        """Store whose key it is. `account_id`: `#platform` for an operator's key."""
        super().__init__(detail)
        self.account_id = account_id
        self.principal = principal


class Accounts(Profiles):
    """The accounts table."""

    def put(
        self, account_id: str, changes: dict[str, Any], at: datetime, by: Mapping[str, Any] = SETUP
    ) -> tuple[Profile, bool]:
        """Create an account, or change the given fields. Return it and whether it is new. Raises InvalidRequest.

        `by`: the actor, with `principal` and `acting_user`.
        """
        if not ACCOUNT_ID.fullmatch(account_id):
            raise InvalidRequest.of("account_id", "must be 2 to 63 of a-z, 0-9 and -, starting with a letter or digit")
        for _ in attempts(_PATIENCE):
            try:
                before = self.profile(account_id)
            except NotFound:
                before = None
            if before is None and not changes.get("name"):
                raise InvalidRequest.of("name", "is required for a new account")
            row = {
                **({"suspended": False, "default_region": None} if before is None else _stored(before, changes)),
                **changes,
                "account_id": account_id,
                "created_at": before.created_at if before else times.text(at),
                "changed_at": times.text(_after(before, at)),
                "changed_by": dict(by),
            }
            if self._store_profile(row, before):
                return Profile(row), before is None
        raise _busy()

    def change_policy(
        self, account_id: str, policy: Mapping[str, Any], at: datetime, by: Mapping[str, Any], *, may_shorten: bool
    ) -> Profile:
        """Change the given fields of an account's policy. Raises NotFound, and Forbidden if the caller may not do so.

        `policy`: may include a `note` on the change. `by`: the actor. `may_shorten`: the caller may take reasons off
        `approve_reasons`. An admin may not, because they could avoid the second person for a single removal.
        """
        for _ in attempts(_PATIENCE):
            before = self.profile(account_id)
            missing = set(before.approve_reasons) - set(policy.get("approve_reasons", before.approve_reasons))
            if missing and not may_shorten:
                codes = ", ".join(sorted(missing))
                raise Forbidden(f"Only an operator may take a reason off approve_reasons: {codes}.")
            row = {
                **_stored(before, policy),
                **policy,
                "changed_at": times.text(_after(before, at)),
                "changed_by": dict(by),
            }
            if self._store_profile(row, before):
                return Profile(row)
        raise _busy()

    def note_registry(
        self, account_id: str, areas: Iterable[str], day: str, at: datetime, by: Mapping[str, Any]
    ) -> None:
        """Record that the registry of some areas was imported. Idempotent. Raises NotFound and Unavailable.

        `areas`: first digits of E.164 numbers. `day`: when the registry's file was fetched, such as 2026-11-23.
        """
        areas = list(areas)
        self._change_registry(account_id, lambda known: {a: max(day, known.get(a, "")) for a in areas}, at, by)

    def forget_registry(
        self, account_id: str, areas: Iterable[str], day: str, at: datetime, by: Mapping[str, Any]
    ) -> None:
        """Undo `note_registry`, except for areas that a later import has recorded since. Idempotent."""
        areas = list(areas)
        self._change_registry(account_id, lambda known: {a: "" for a in areas if known.get(a) == day}, at, by)

    def _change_registry(
        self,
        account_id: str,
        change: Callable[[Mapping[str, str]], Mapping[str, str]],
        at: datetime,
        by: Mapping[str, Any],
    ) -> None:
        for _ in attempts(_PATIENCE):
            before = self.profile(account_id)
            after = {area: day for area, day in {**before.imported_on, **change(before.imported_on)}.items() if day}
            if after == before.imported_on:
                return
            values = {
                ":imports": areas_by_day(after),
                ":at": times.text(_after(before, at)),
                ":by": dict(by),
                ":seen": before.changed_at,
            }
            changed = queries.write_if(
                self._client.update_item,
                TableName=self._table,
                Key=record_key(account_id, PROFILE),
                UpdateExpression="SET registry_imports = :imports, changed_at = :at, changed_by = :by REMOVE note",
                ConditionExpression="changed_at = :seen",
                ExpressionAttributeValues=wire.to_wire(values),
            )
            if changed.written:
                return
        raise _busy()

    def page(self, size: int, after: str | None) -> tuple[list[Profile], str | None]:
        """Read a page of all accounts by id. Return it and the id to continue after (None at the end)."""
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "account_id = :directory",
            "ExpressionAttributeValues": {":directory": {"S": DIRECTORY}},
            "ConsistentRead": True,
            "Limit": size,
        }
        if after:
            query["ExclusiveStartKey"] = record_key(DIRECTORY, after)
        page = next(queries.pages(self._client, query))
        rows = map(wire.from_wire, page["Items"])
        last = page.get("LastEvaluatedKey")
        return [Profile({**row, "account_id": row["record"]}) for row in rows], last["record"]["S"] if last else None

    def make_key(
        self, partition: str, role: Role, name: str, expires_at: str | None, by: str, at: datetime
    ) -> dict[str, Any]:
        """Create a key. Only the returned value ever holds its token. `expires_at`: RFC 3339 or None."""
        token = Token.new(partition)
        row = {
            "account_id": partition,
            "record": f"key#{token.key_id}",
            "role": str(role),
            "name": name,
            "hashed": token.hashed,
            "created_at": times.text(at),
            "created_by": by,
            "expires_at": expires_at,
            "revoked_at": None,
        }
        with aws_errors.storage():
            self._client.put_item(
                TableName=self._table, Item=wire.to_wire(row), ConditionExpression="attribute_not_exists(account_id)"
            )
        return {**_key_as_json(row), "token": str(token)}

    def key_of(self, caller: Caller) -> dict[str, Any] | None:
        """Read the key that a caller uses, without its token or hash. None for a person's own token."""
        kind, _, key_id = caller.principal.partition(":")
        if kind != "key":
            return None
        record = record_key(caller.account_id or PLATFORM, f"key#{key_id}")
        with aws_errors.storage():
            item = self._client.get_item(TableName=self._table, Key=record, ConsistentRead=True).get("Item")
        return _key_as_json(wire.from_wire(item)) if item else None

    def made_by(self, account_id: str, principal: str) -> frozenset[str]:
        """Return the principals that made a key: its maker, the maker's maker, and so on.

        `account_id`: of the key, unless it is an operator's key. Raises Forbidden if one of the keys has no record, so
        that its maker is unknown.
        """
        makers: list[str] = []
        while principal.startswith("key:"):
            record = f"key#{principal.removeprefix('key:')}"
            keys = [record_key(partition, record) for partition in (account_id, PLATFORM)]
            rows = [wire.from_wire(item) for item in queries.batch(self._client, self._table, keys)]
            if not rows or len(makers) == _MAX_MAKERS:
                raise Forbidden("It is unknown who made one of the keys. Reject the removal, and request it again.")
            principal = str(rows[0].get("created_by"))
            makers.append(principal)
        return frozenset(makers)

    def keys(self, account_id: str) -> list[dict[str, Any]]:
        """Read an account's keys, including revoked ones, without their tokens or hashes."""
        query = {
            "TableName": self._table,
            "KeyConditionExpression": "account_id = :account AND begins_with(#record, :key)",
            "ExpressionAttributeNames": {"#record": "record"},
            "ExpressionAttributeValues": {":account": {"S": account_id}, ":key": {"S": "key#"}},
            "ConsistentRead": True,
        }
        return [_key_as_json(wire.from_wire(item)) for item in queries.rows(self._client, query)]

    def has_noted_expiry(self, account_id: str, key_id: str) -> bool:
        """Return whether a key's expiry was already announced (see `note_expiry`)."""
        with aws_errors.storage():
            record = record_key(account_id, f"{_EXPIRY_NOTED}{key_id}")
            return "Item" in self._client.get_item(TableName=self._table, Key=record, ConsistentRead=True)

    def note_expiry(self, account_id: str, key_id: str, at: datetime) -> None:
        """Record that a key's expiry was announced. Idempotent."""
        row = {"account_id": account_id, "record": f"{_EXPIRY_NOTED}{key_id}", "noted_at": times.text(at)}
        with aws_errors.storage():
            self._client.put_item(TableName=self._table, Item=wire.to_wire(row))

    def revoke_key(self, account_id: str, key_id: str, at: datetime, by: str) -> None:
        """Revoke a key. Idempotent. Raises NotFound."""
        result = queries.write_if(
            self._client.update_item,
            TableName=self._table,
            Key=record_key(account_id, f"key#{key_id}"),
            UpdateExpression="SET revoked_at = :at, revoked_by = :by",
            ConditionExpression="attribute_exists(account_id) AND attribute_type(revoked_at, :null)",
            ExpressionAttributeValues={":at": {"S": times.text(at)}, ":by": {"S": by}, ":null": {"S": "NULL"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        if not result.written and not result.stored:
            raise NotFound("The account has no such key.")

    def authenticate(self, written: str, at: datetime) -> tuple[Caller, str | None]:
        """Return who a token belongs to and when it expires. Raises Unauthenticated, or KeyRefused for a known key."""
        token = Token.read(written)
        principal = f"key:{token.key_id}"
        if _refusals.has(token.digest):
            raise Unauthenticated("The API key does not exist.")
        keys = [record_key(token.partition, f"key#{token.key_id}")]
        if token.partition != PLATFORM:
            keys.append(record_key(token.partition, PROFILE))
        found = map(wire.from_wire, queries.batch(self._client, self._table, keys))
        rows = {str(row["record"]): row for row in found}
        key = rows.get(f"key#{token.key_id}")
        if key is None or not hmac.compare_digest(str(key["hashed"]), token.hashed):
            _refusals.add(token.digest)
            raise Unauthenticated("The API key does not exist.")
        if key.get("revoked_at"):
            raise KeyRefused("The API key was revoked.", token.partition, principal)
        ends = key.get("expires_at")
        if ends and ends <= times.text(at):
            raise KeyRefused("The API key has expired. Ask an admin for a new one.", token.partition, principal)
        role = Role(key["role"])
        if token.partition == PLATFORM:
            return Caller(principal, role, None), ends
        profile = rows.get(PROFILE)
        is_suspended = profile is None or (profile.get("suspended") and role is not Role.INTAKE)
        if is_suspended or role is Role.OPERATOR:  # an intake key still adds, so that no opt-out is lost
            raise KeyRefused("The account is suspended.", token.partition, principal)
        return Caller(principal, role, token.partition), ends

    def _store_profile(self, row: dict[str, Any], before: Profile | None) -> bool:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(account_id)"}
        if before:
            condition = {
                "ConditionExpression": "changed_at = :seen",
                "ExpressionAttributeValues": {":seen": {"S": before.changed_at}},
            }
        listed = {**row, "account_id": DIRECTORY, "record": row["account_id"]}
        listed.pop("registry_imports", None)
        writes = [
            {"Put": {"TableName": self._table, "Item": wire.to_wire({**row, "record": PROFILE}), **condition}},
            {"Put": {"TableName": self._table, "Item": wire.to_wire(listed)}},
        ]
        return queries.transact_if(self._client, writes)


def areas_by_day(imported_on: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the areas whose registry was last imported on each day, the oldest day first."""
    by_day: dict[str, list[str]] = {}
    for area, day in sorted(imported_on.items(), key=lambda imported: imported[::-1]):
        by_day.setdefault(day, []).append(area)
    return by_day


def _stored(before: Profile, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a profile's stored fields. Raises Unavailable rather than drop prefixes that cannot be read."""
    if "blocked_prefixes" not in changes:
        _ = before.prefixes
    imports = {"registry_imports": before.registry_imports} if before.registry_imports else {}
    return {**before.as_json(), **imports}


def _busy() -> Unavailable:
    return Unavailable("The account is being changed by other requests. Try again.")


def _after(before: Profile | None, at: datetime) -> datetime:
    """Return the time of a change, which is always later than the previous one, even within the same millisecond.

    The condition of a write compares this time, and the audit recognizes the service's own changes by it.
    """
    return max(at, times.parse(before.changed_at) + _MILLISECOND) if before else at


def _key_as_json(row: dict[str, Any]) -> dict[str, Any]:
    shown = {name: row.get(name) for name in ("role", "name", "created_at", "created_by", "expires_at", "revoked_at")}
    return {"key_id": str(row["record"]).removeprefix("key#"), **shown}
