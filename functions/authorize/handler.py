"""API Gateway's request authorizer: a credential in, the account, the role and a policy out.

Raising exactly "Unauthorized" is how a 401 is said to API Gateway; such an answer is never cached.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from dnc import times
from dnc.accounts import access
from dnc.accounts.access import Caller
from dnc.accounts.store import Accounts
from dnc.aws import clients, deadline
from dnc.logs import logger as logs
from dnc.problems import Unauthenticated
from dnc.settings import Settings

if TYPE_CHECKING:
    from authorize.jwt_issuer import Issuer

settings = Settings.from_env("ACCOUNTS_TABLE")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Let a credential in, or not."""
    deadline.begin(context)
    try:
        caller, ends = _caller(event)
    except Unauthenticated as refused:
        logs.logger.info("refused", extra={"why": refused.detail})
        raise Exception("Unauthorized") from None  # noqa: TRY002 - the words are API Gateway's
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
    from authorize.jwt_issuer import Issuer  # noqa: PLC0415 - a key is let in without it

    return Issuer(settings.oidc_issuer, settings.oidc_audience, settings.oidc_account_claim, settings.oidc_role_claim)


def _stage_arn(method_arn: str) -> str:
    """Cut `…:api/stage/METHOD/path` to `…:api/stage`."""
    return "/".join(method_arn.split("/", 2)[:2])
