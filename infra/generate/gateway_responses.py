"""API Gateway's own error responses in `template.yaml`, generated from the problems that the functions raise.

The response types are API Gateway's:
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

import json
import re
from typing import Any

from dnc.problems import (
    CONTENT_TYPE,
    DncError,
    Forbidden,
    InternalError,
    InvalidRequest,
    NotFound,
    Throttled,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from infra import templates

FILE = templates.PARENT
RESPONSES: dict[str, DncError] = {
    "UNAUTHORIZED": Unauthenticated("Send the header Authorization: Bearer <token> with a valid API key or token."),
    "ACCESS_DENIED": Forbidden("The credential's role or account does not allow this route."),
    "MISSING_AUTHENTICATION_TOKEN": NotFound("This route does not exist, or it does not support this method."),
    "RESOURCE_NOT_FOUND": NotFound("This route does not exist."),
    "REQUEST_TOO_LARGE": TooLarge("The body is larger than a request may be."),
    "THROTTLED": Throttled("Slow down and try again. Until then, do not call."),
    "QUOTA_EXCEEDED": Throttled("The quota is used up. Until it is renewed, do not call."),
    "AUTHORIZER_FAILURE": Unavailable("The credential could not be checked. Try again. Until then, do not call."),
    "AUTHORIZER_CONFIGURATION_ERROR": InternalError("The credential could not be checked. Do not call."),
    "INTEGRATION_FAILURE": Unavailable("Try again. Until then, do not call."),
    "INTEGRATION_TIMEOUT": Unavailable(
        "The request took too long. A change may have been made; repeating it is safe. Until then, do not call."
    ),
    "API_CONFIGURATION_ERROR": InternalError("The route is not set up correctly. Do not call."),
    "BAD_REQUEST_BODY": InvalidRequest("The body does not follow the contract."),
    "BAD_REQUEST_PARAMETERS": InvalidRequest("The query does not follow the contract."),
    "UNSUPPORTED_MEDIA_TYPE": InvalidRequest("Send the body as application/json."),
    "INVALID_SIGNATURE": Unauthenticated(
        "Requests are not signed here. Send the header Authorization: Bearer <token>."
    ),
    "EXPIRED_TOKEN": Unauthenticated("The credential has expired. Ask an admin for a new one."),
    "INVALID_API_KEY": Forbidden("The credential's account has no usage key. Ask the operator of the service."),
    "WAF_FILTERED": Throttled("Too many requests came from this IP address. Try again in five minutes."),
    "DEFAULT_5XX": InternalError("Try again. Until then, do not call."),
    "DEFAULT_4XX": InvalidRequest("The gateway could not read the request."),
}
_REQUEST_ID = "$context.requestId"
_BLOCK = re.compile(r"(?<=^      GatewayResponses:\n)(?:        .*\n)*", re.MULTILINE)


def written() -> str:
    """Return the text of `template.yaml` with up-to-date gateway responses."""
    text, found = _BLOCK.subn(lambda _: block(), FILE.read_text())
    if found != 1:
        raise ValueError(f"{FILE.name} has {found} blocks of GatewayResponses")
    return text


def block() -> str:
    """Return the value of `GatewayResponses`, as YAML."""
    return "".join(_response(name, problem) for name, problem in RESPONSES.items())


def _response(name: str, problem: DncError) -> str:
    body: dict[str, Any] = problem.problem(_REQUEST_ID)
    quoted = json.dumps(body).replace("'", "''")
    headers = {"Content-Type": CONTENT_TYPE, **problem.headers}
    values = ", ".join(f"{name}: \"'{value}'\"" for name, value in headers.items())
    return (
        f"        {name}:\n"
        f"          StatusCode: {problem.status}\n"
        f"          ResponseParameters: {{Headers: {{{values}}}}}\n"
        f"          ResponseTemplates: {{application/json: '{quoted}'}}\n"
    )
