"""The accounts table: accounts and their API keys. Operators' keys live in the partition `#platform`."""

import hmac
from datetime import datetime
from typing import Any

from dnc import times
from dnc.accounts import profiles
from dnc.accounts.access import Caller, Role
from dnc.accounts.profiles import PROFILE, Profile, Profiles, record_key
from dnc.accounts.tokens import PLATFORM, Token
from dnc.aws import errors as aws_errors
from dnc.aws import wire
from dnc.problems import InvalidRequest, NotFound, Unauthenticated, Unavailable

ACCOUNT_ID = profiles.ACCOUNT_ID
DIRECTORY = "#accounts"


class Accounts(Profiles):
    """The accounts table."""

    def put(self, account_id: str, changes: dict[str, Any], at: datetime) -> tuple[Profile, bool]:
        """Make an account or change what is given of it; True when it is new. Raises InvalidRequest."""
        if not ACCOUNT_ID.fullmatch(account_id):
            raise InvalidRequest.of("account_id", "must be 2 to 63 of a-z, 0-9 and -, beginning with a letter or digit")
        for _ in range(5):
            try:
                before = self.profile(account_id)
            except NotFound:
                before = None
            if before is None and not changes.get("name"):
                raise InvalidRequest.of("name", "is required for a new account")
            row = {
                **({"suspended": False, "default_region": None} if before is None else before.shown()),
                **changes,
                "account_id": account_id,
                "created_at": before.created_at if before else times.text(at),
                "changed_at": times.text(at),
            }
            if self._store_profile(row, before):
                return Profile(row), before is None
        raise Unavailable("The account is being changed by others. Try again.")

    def page(self, size: int, after: str | None) -> tuple[list[Profile], str | None]:
        """Read a page of all accounts by id, and the id after which the next one begins, or None at the end."""
        rows, start = self._query(DIRECTORY, "", size, after)
        return [Profile({**row, "account_id": row["record"]}) for row in rows], start

    def make_key(
        self, partition: str, role: Role, name: str, expires_at: str | None, by: str, at: datetime
    ) -> dict[str, Any]:
        """Make a key; the answer is the only place that ever holds its token. `expires_at`: RFC 3339 or None."""
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
        return {**_key_shown(row), "token": str(token)}

    def keys(self, account_id: str) -> list[dict[str, Any]]:
        """Read an account's keys, the revoked ones too; never the token or its hash."""
        rows: list[dict[str, Any]] = []
        after = None
        while True:
            part, after = self._query(account_id, "key#", 500, after)
            rows += part
            if after is None:
                return [_key_shown(row) for row in rows]

    def revoke_key(self, account_id: str, key_id: str, at: datetime) -> None:
        """Revoke a key; once is enough, twice does no harm. Raises NotFound."""
        try:
            with aws_errors.storage():
                self._client.update_item(
                    TableName=self._table,
                    Key=record_key(account_id, f"key#{key_id}"),
                    UpdateExpression="SET revoked_at = :at",
                    ConditionExpression="attribute_exists(account_id) AND attribute_type(revoked_at, :null)",
                    ExpressionAttributeValues={":at": {"S": times.text(at)}, ":null": {"S": "NULL"}},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except aws_errors.refused() as failed:
            if aws_errors.error_code(failed) != "ConditionalCheckFailedException":
                raise
            if not aws_errors.response_of(failed).get("Item"):
                raise NotFound("There is no such key.") from None

    def authenticate(self, written: str, at: datetime) -> tuple[Caller, str | None]:
        """Give who a token stands for and when it ends. Raises Unauthenticated."""
        token = Token.read(written)
        keys = [record_key(token.partition, f"key#{token.key_id}")]
        if token.partition != PLATFORM:
            keys.append(record_key(token.partition, PROFILE))
        rows = self._read_all(keys)
        key = rows.get(f"key#{token.key_id}")
        if key is None or not hmac.compare_digest(str(key["hashed"]), token.hashed):
            raise Unauthenticated("There is no such key.")
        if key.get("revoked_at"):
            raise Unauthenticated("This key was revoked.")
        ends = key.get("expires_at")
        if ends and ends <= times.text(at):
            raise Unauthenticated("This key has expired.")
        role = Role(key["role"])
        if token.partition == PLATFORM:
            return Caller(f"key:{token.key_id}", role, None), ends
        profile = rows.get(PROFILE)
        if profile is None or profile.get("suspended") or role is Role.OPERATOR:
            raise Unauthenticated("This account is suspended.")
        return Caller(f"key:{token.key_id}", role, token.partition), ends

    def _read_all(self, keys: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        asked: dict[str, Any] = {self._table: {"Keys": keys, "ConsistentRead": True}}
        rows = {}
        for _ in range(5):
            with aws_errors.storage():
                answer = self._client.batch_get_item(RequestItems=asked)
            for item in answer["Responses"].get(self._table, []):
                row = wire.from_wire(item)
                rows[str(row["record"])] = row
            asked = answer.get("UnprocessedKeys") or {}
            if not asked:
                return rows
        raise Unavailable("The key could not be read in time. Try again.")

    def _query(
        self, partition: str, prefix: str, size: int, after: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        values = {":p": {"S": partition}}
        condition = "account_id = :p"
        if prefix:
            condition += " AND begins_with(#record, :r)"
            values[":r"] = {"S": prefix}
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ConsistentRead": True,
            "Limit": size,
        }
        if prefix:
            query["ExpressionAttributeNames"] = {"#record": "record"}
        if after:
            query["ExclusiveStartKey"] = record_key(partition, after)
        with aws_errors.storage():
            answer = self._client.query(**query)
        start = answer.get("LastEvaluatedKey")
        return [wire.from_wire(item) for item in answer["Items"]], start["record"]["S"] if start else None

    def _store_profile(self, row: dict[str, Any], before: Profile | None) -> bool:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(account_id)"}
        if before:
            condition = {
                "ConditionExpression": "changed_at = :seen",
                "ExpressionAttributeValues": {":seen": {"S": before.changed_at}},
            }
        listed = {**row, "account_id": DIRECTORY, "record": row["account_id"]}
        writes = [
            {"Put": {"TableName": self._table, "Item": wire.to_wire({**row, "record": PROFILE}), **condition}},
            {"Put": {"TableName": self._table, "Item": wire.to_wire(listed)}},
        ]
        try:
            with aws_errors.storage():
                self._client.transact_write_items(TransactItems=writes)
        except aws_errors.refused() as failed:
            if aws_errors.error_code(failed) != "TransactionCanceledException":
                raise
            return False
        return True


def _key_shown(row: dict[str, Any]) -> dict[str, Any]:
    shown = {name: row.get(name) for name in ("role", "name", "created_at", "created_by", "expires_at", "revoked_at")}
    return {"key_id": str(row["record"]).removeprefix("key#"), **shown}
