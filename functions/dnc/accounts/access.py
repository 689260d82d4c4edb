"""Which role may do what: one table for the authorizer's policy and for the handlers."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The roles. Each credential has one of them."""

    INTAKE = "intake"
    DIALER = "dialer"
    AGENT = "agent"
    MANAGER = "manager"
    AUDITOR = "auditor"
    ADMIN = "admin"
    OPERATOR = "operator"


class Action(StrEnum):
    """What a role may do."""

    CHECK = "check"
    ADD = "add"
    SET_EXPIRY = "set_expiry"
    READ_NUMBER = "read_number"
    READ_EVERYTHING_OF_A_NUMBER = "read_everything_of_a_number"
    LIST = "list"
    READ_AUDIT = "read_audit"
    REMOVE = "remove"
    REMOVE_BY_LEGAL_ORDER = "remove_by_legal_order"
    WITHDRAW_ANY_REMOVAL = "withdraw_any_removal"
    RESTORE = "restore"
    READ_REASONS = "read_reasons"
    READ_SELF = "read_self"
    READ_STATS = "read_stats"
    READ_ACCOUNT = "read_account"
    IMPORT = "import"
    SCRUB = "scrub"
    EXPORT = "export"
    READ_JOBS = "read_jobs"
    KEYS = "keys"
    POLICY = "policy"
    PLATFORM = "platform"


_EVERYONE = {Action.READ_REASONS, Action.READ_SELF}
_AGENT = _EVERYONE | {Action.CHECK, Action.ADD, Action.READ_NUMBER}
_READER = _EVERYONE | {
    Action.CHECK,
    Action.READ_NUMBER,
    Action.READ_EVERYTHING_OF_A_NUMBER,
    Action.LIST,
    Action.READ_AUDIT,
    Action.READ_STATS,
    Action.READ_ACCOUNT,
    Action.READ_JOBS,
}
_MANAGER = _AGENT | _READER | {Action.SET_EXPIRY, Action.REMOVE, Action.RESTORE, Action.IMPORT, Action.SCRUB}
_AUDITOR = _READER | {Action.EXPORT}
_ADMIN = (
    _MANAGER
    | _AUDITOR
    | {
        Action.KEYS,
        Action.POLICY,
        Action.REMOVE_BY_LEGAL_ORDER,
        Action.WITHDRAW_ANY_REMOVAL,
    }
)
ALLOWED: dict[Role, frozenset[Action]] = {
    Role.INTAKE: frozenset(_EVERYONE | {Action.ADD}),
    Role.DIALER: frozenset(_EVERYONE | {Action.CHECK}),
    Role.AGENT: frozenset(_AGENT),
    Role.MANAGER: frozenset(_MANAGER),
    Role.AUDITOR: frozenset(_AUDITOR),
    Role.ADMIN: frozenset(_ADMIN),
    Role.OPERATOR: frozenset(_ADMIN | {Action.PLATFORM}),
}

ACCOUNT = "/accounts/{account_id}"
ROUTES: dict[tuple[str, str], Action] = {
    ("POST", f"{ACCOUNT}/numbers"): Action.ADD,
    ("POST", f"{ACCOUNT}/numbers/batch"): Action.ADD,
    ("GET", f"{ACCOUNT}/numbers"): Action.LIST,
    ("GET", f"{ACCOUNT}/numbers/{{number}}"): Action.READ_NUMBER,
    ("GET", f"{ACCOUNT}/numbers/{{number}}/history"): Action.READ_AUDIT,
    ("GET", f"{ACCOUNT}/audit"): Action.READ_AUDIT,
    ("GET", f"{ACCOUNT}/stats"): Action.READ_STATS,
    ("POST", f"{ACCOUNT}/readings"): Action.ADD,
    ("DELETE", f"{ACCOUNT}/numbers/{{number}}"): Action.REMOVE,
    ("POST", f"{ACCOUNT}/numbers/{{number}}/removal"): Action.REMOVE,
    ("POST", f"{ACCOUNT}/numbers/{{number}}/removal/approve"): Action.REMOVE,
    ("POST", f"{ACCOUNT}/numbers/{{number}}/removal/reject"): Action.REMOVE,
    ("POST", f"{ACCOUNT}/numbers/{{number}}/removal/withdraw"): Action.REMOVE,
    ("GET", f"{ACCOUNT}/pending-removals"): Action.LIST,
    ("POST", f"{ACCOUNT}/numbers/{{number}}/restore"): Action.RESTORE,
    ("GET", "/removal-reasons"): Action.READ_REASONS,
    ("GET", "/me"): Action.READ_SELF,
    ("POST", f"{ACCOUNT}/checks"): Action.CHECK,
    ("POST", f"{ACCOUNT}/imports"): Action.IMPORT,
    ("GET", f"{ACCOUNT}/imports"): Action.READ_JOBS,
    ("GET", f"{ACCOUNT}/imports/{{id}}"): Action.READ_JOBS,
    ("POST", f"{ACCOUNT}/imports/{{id}}/columns"): Action.IMPORT,
    ("POST", f"{ACCOUNT}/imports/{{id}}/undo"): Action.IMPORT,
    ("POST", f"{ACCOUNT}/scrubs"): Action.SCRUB,
    ("POST", f"{ACCOUNT}/scrubs/{{id}}/columns"): Action.SCRUB,
    ("GET", f"{ACCOUNT}/scrubs"): Action.READ_JOBS,
    ("GET", f"{ACCOUNT}/scrubs/{{id}}"): Action.READ_JOBS,
    ("POST", f"{ACCOUNT}/exports"): Action.EXPORT,
    ("GET", f"{ACCOUNT}/exports"): Action.READ_JOBS,
    ("GET", f"{ACCOUNT}/exports/{{id}}"): Action.READ_JOBS,
    ("GET", "/accounts"): Action.PLATFORM,
    ("PUT", ACCOUNT): Action.PLATFORM,
    ("PATCH", ACCOUNT): Action.POLICY,
    ("GET", ACCOUNT): Action.READ_ACCOUNT,
    ("POST", f"{ACCOUNT}/keys"): Action.KEYS,
    ("GET", f"{ACCOUNT}/keys"): Action.KEYS,
    ("DELETE", f"{ACCOUNT}/keys/{{key_id}}"): Action.KEYS,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request. `account_id`: None for an operator. `person`: set if the credential is a person's (a JWT)."""

    principal: str
    role: Role
    account_id: str | None
    person: str | None = None

    def may(self, action: Action) -> bool:
        """Return whether the role allows an action."""
        return action in ALLOWED[self.role]

    def may_see(self, account_id: str) -> bool:
        """Return whether the credential covers this account."""
        return self.role is Role.OPERATOR or self.account_id == account_id


def policy(caller: Caller, api_arn: str) -> dict[str, object]:
    """Return the gateway's policy, built from the credential and never from the requested path.

    `api_arn`: the ARN of the API's stage, `arn:aws:execute-api:region:account:api/stage`.
    """
    account = "*" if caller.role is Role.OPERATOR else caller.account_id
    if account is None:
        raise ValueError("only an operator's credential may have no account")
    routes = sorted(
        f"{api_arn}/{method}{path.format(account_id=account, number='*', key_id='*', id='*')}"
        for (method, path), action in ROUTES.items()
        if caller.may(action)
    )
    # API Gateway matches paths with extra slashes to routes. The handlers answer all of them with a 404; without these
    # patterns, the gateway would say that the role does not allow a route that does not exist.
    no_routes = [f"{api_arn}/*/", f"{api_arn}/*//*"]
    return {
        "Version": "2012-10-17",
        "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": [*routes, *no_routes]}],
    }
