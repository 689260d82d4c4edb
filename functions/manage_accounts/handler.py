"""Manage accounts and their keys, and describe a credential to its holder."""

from typing import Any

from dnc import times
from dnc.accounts.access import ALLOWED, Action, Role
from dnc.accounts.store import Accounts, areas_by_day
from dnc.api import page_tokens
from dnc.api.account_requests import NewKey, PatchAccount, PutAccount
from dnc.api.fields import Body, Paged
from dnc.api.http import Answer, Api, Call
from dnc.aws import clients
from dnc.problems import InvalidRequest
from dnc.settings import Settings

api = Api()
settings = Settings.from_env("ACCOUNTS_TABLE")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


@api.route("PUT", "/accounts/{account_id}", statuses=(201, 200))
def put_account(call: Call, body: PutAccount) -> Answer:
    """Create or change an account."""
    changes = _sent_fields(body, "name", "suspended", "approve_reasons", "blocked_prefixes")
    profile, created = accounts.put(call.account_id, changes, times.now(), call.write().actor.item())
    return Answer(201 if created else 200, profile.as_json())


@api.route("PATCH", "/accounts/{account_id}")
def change_policy(call: Call, body: PatchAccount) -> Answer:
    """Change the account's policy, with a note."""
    policy = _sent_fields(body, "approve_reasons", "blocked_prefixes")
    by = call.write(policy.pop("acting_user", None)).actor.item()
    if policy.keys() <= {"note"}:
        raise InvalidRequest.of("body", "must have a field to change besides the note")
    may_shorten = call.caller.may(Action.PLATFORM)
    profile = accounts.change_policy(call.account_id, policy, times.now(), by, may_shorten=may_shorten)
    return Answer(200, profile.as_json())


@api.route("GET", "/accounts/{account_id}")
def get_account(call: Call) -> Answer:
    """Read an account."""
    profile = accounts.profile(call.account_id)
    imports = [{"day": day, "areas": areas} for day, areas in areas_by_day(profile.imported_on).items()]
    return Answer(200, {**profile.as_json(), "registry_imports": imports})


@api.route("GET", "/accounts")
def list_accounts(_call: Call, query: Paged) -> Answer:
    """List all accounts."""
    bound = {"accounts": "all"}
    after = page_tokens.key_of("", bound, query.page_token)
    found, last = accounts.page(query.page_size, after)
    token = page_tokens.token("", bound, last) if last else None
    return Answer(200, {"accounts": [profile.as_json() for profile in found], "next_page_token": token})


@api.route("POST", "/accounts/{account_id}/keys", statuses=(201,))
def make_key(call: Call, body: NewKey) -> Answer:
    """Create an API key; only this response ever contains its token."""
    now = times.now()
    if body.role is Role.OPERATOR:
        raise InvalidRequest.of("role", "cannot be operator: create an operator's key with 'make operator-key'")
    if body.expires_at and body.expires_at <= now:
        raise InvalidRequest.of("expires_at", "must be in the future")
    accounts.profile(call.account_id)
    ends = times.text(body.expires_at) if body.expires_at else None
    return Answer(201, accounts.make_key(call.account_id, body.role, body.name, ends, call.caller.principal, now))


@api.route("GET", "/accounts/{account_id}/keys")
def list_keys(call: Call) -> Answer:
    """List the account's keys, without their tokens."""
    accounts.profile(call.account_id)
    return Answer(200, {"keys": accounts.keys(call.account_id)})


@api.route("DELETE", "/accounts/{account_id}/keys/{key_id}", statuses=(204,))
def revoke_key(call: Call) -> Answer:
    """Revoke a key; it stops working everywhere within 60 seconds."""
    accounts.revoke_key(call.account_id, call.path["key_id"], times.now(), call.caller.principal)
    return Answer(204, None)


@api.route("GET", "/me")
def read_self(call: Call) -> Answer:
    """Read the identity, role and permissions of the credential itself."""
    caller = call.caller
    key = accounts.key_of(caller) or {}
    profile = accounts.profile(caller.account_id).as_json() if caller.account_id else {}
    return Answer(
        200,
        {
            "principal": caller.principal,
            "key_name": key.get("name"),
            "expires_at": key.get("expires_at"),
            "person": caller.person,
            "role": caller.role,
            "account_id": caller.account_id,
            "account_name": profile.get("name"),
            "default_region": profile.get("default_region"),
            "may": sorted(ALLOWED[caller.role]),
        },
    )


def _sent_fields(body: Body, *never_null: str) -> dict[str, Any]:
    """Return the fields that a body contains. Raises InvalidRequest if one of `never_null` is null."""
    fields = body.model_dump(exclude_unset=True)
    for name in never_null:
        if fields.get(name, ...) is None:
            raise InvalidRequest.of(name, "must not be null")
    return fields


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve API Gateway."""
    return api.answer(event, context)
