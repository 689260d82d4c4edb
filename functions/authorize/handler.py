"""API Gateway's request authorizer: resolves a credential to an account, a role and a policy.

Raising exactly "Unauthorized" makes API Gateway return a 401, which is never cached.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from dnc import times
from dnc.accounts import access
from dnc.accounts.access import Action, Caller
from dnc.accounts.store import Accounts
from dnc.aws import clients, deadline
from dnc.logs import logger as logs
from dnc.logs import metrics
from dnc.problems import Unauthenticated
from dnc.settings import Settings

if TYPE_CHECKING:
    from authorize.jwt_issuer import Issuer

settings = Settings.from_env("ACCOUNTS_TABLE", "EVENT_BUS")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)
_ADDS = {("POST", "/accounts/{account_id}/numbers"), ("POST", "/accounts/{account_id}/numbers/batch")}


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return the policy of a valid credential, or raise "Unauthorized"."""
    deadline.begin(context)
    try:
        caller, ends = _caller(event)
    except Unauthenticated as refused:
        logs.logger.info("refused", extra={"why": refused.detail})
        if _adds(event):
            _report(refused.code, getattr(refused, "account_id", None), getattr(refused, "principal", None))
        raise Exception("Unauthorized") from None  # noqa: TRY002 - API Gateway requires this message
    except Exception as failed:
        logs.logger.error("credential not checked", extra=logs.failure(failed))
        metrics.count("AuthorizerFailures")
        raise
    if _adds(event) and not (caller.may(Action.ADD) and caller.may_see(_account_id(event))):
        _report("forbidden", _account_id(event), caller.principal)
    return {
        "principalId": caller.principal,
        "policyDocument": access.policy(caller, _stage_arn(event["methodArn"])),
        "context": {
            "principal": caller.principal,
            "role": str(caller.role),
            "account_id": caller.account_id or "",
            "person": caller.person or "",
            "expires_at": ends or "",
        },
    }


def _adds(event: dict[str, Any]) -> bool:
    return (event.get("httpMethod"), event.get("resource")) in _ADDS


def _account_id(event: dict[str, Any]) -> str:
    return str((event.get("pathParameters") or {}).get("account_id") or "")


def _report(code: str, account_id: str | None, principal: str | None) -> None:
    from dnc.audit import refused_adds  # noqa: PLC0415 - loaded only for refusals

    refused_adds.report(clients.event_bridge(), settings.event_bus, code, account_id, principal)


def _caller(event: dict[str, Any]) -> tuple[Caller, str | None]:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    scheme, _, token = (headers.get("authorization") or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("The Authorization header must be 'Bearer <token>'.")
    if token.startswith("nck_") or not settings.oidc_issuer:
        return accounts.authenticate(token, times.now())
    return _issuer().authenticate(token, accounts)


@cache
def _issuer() -> "Issuer":
    from authorize.jwt_issuer import Issuer  # noqa: PLC0415 - keys do not need it

    return Issuer(settings.oidc_issuer, settings.oidc_audience, settings.oidc_account_claim, settings.oidc_role_claim)


def _stage_arn(method_arn: str) -> str:
    """Shorten `…:api/stage/METHOD/path` to `…:api/stage`."""
    return "/".join(method_arn.split("/", 2)[:2])
