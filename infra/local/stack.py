"""`make up`, `make down`, `make logs`, `make env`: build, deploy and populate the local stack.

`stack.json` in the stack's folder (`.local`, or NOCALL_LOCAL) describes the running stack: everything a client needs.
Further stacks can run beside it on the same emulator, each with a name (`make up NAME=…`) and `stack-{name}.json`.
"""

import fcntl
import hashlib
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import boto3
import requests

from dnc.accounts.access import Role
from dnc.accounts.store import Accounts
from dnc.accounts.tokens import PLATFORM
from dnc.times import now
from infra import templates
from infra.build import libraries
from infra.local import emulator
from infra.templates import ROOT

STACK_NAME = "nocall-local"
ACCOUNT, OTHER_ACCOUNT = "acme", "globex"
FUNCTIONS = {
    "add_number": "AddNumberFunctionName",
    "list_numbers": "ListNumbersFunctionName",
    "remove_number": "RemoveNumberFunctionName",
    "check_numbers": "CheckNumbersFunctionName",
    "check_numbers_api": "CheckNumbersApiFunctionName",
    "audit_changes": "AuditChangesFunctionName",
    "authorize": "AuthorizeFunctionName",
    "manage_accounts": "ManageAccountsFunctionName",
    "read_stats": "ReadStatsFunctionName",
    "import_numbers": "ImportNumbersFunctionName",
    "read_jobs": "ReadJobsFunctionName",
    "plan_import": "PlanImportFunctionName",
    "write_import": "WriteImportFunctionName",
    "finish_import": "FinishImportFunctionName",
    "scrub_leads": "ScrubLeadsFunctionName",
    "plan_scrub": "PlanScrubFunctionName",
    "read_list": "ReadListFunctionName",
    "check_leads": "CheckLeadsFunctionName",
    "finish_scrub": "FinishScrubFunctionName",
    "export_account": "ExportAccountFunctionName",
    "write_export": "WriteExportFunctionName",
    "begin_night": "BeginNightFunctionName",
    "sweep_accounts": "SweepAccountsFunctionName",
    "console": "ConsoleFunctionName",
}


class StepFailed(Exception):
    """A step of starting the stack failed. The message says which step, and where to look."""


def up(
    folder: Path,
    say: Any = print,
    parameters: Mapping[str, str] = MappingProxyType({}),
    *,
    name: str = STACK_NAME,
) -> dict[str, Any]:
    """Bring the stack up, or redeploy it in place with its data. Return the content of `stack.json`.

    `parameters`: of the template, in addition to those of a local stack. A redeploy keeps them. `name`: the stack's.
    """
    start = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    known = read(folder, name)
    running = known or read(folder)
    if running and emulator.responds(running["port"]):
        pid, port = running["pid"], running["port"]
        say(f"  the emulator is already running on port {port}: deploying in place, with its data")
    else:
        known = None
        with _step("start the emulator with IAM enforced", say):
            pid, port = emulator.start(folder)
        _write(folder, name, {"pid": pid, "port": port})
    endpoint = f"http://127.0.0.1:{port}"
    if not libraries.are_installed(emulator.architecture()):
        with _step(f"download the functions' libraries, {libraries.size()}", say):
            _install_libraries()
    with _step("build (sam build)", say):
        _build(folder, endpoint)
    parameters = {**(known or {}).get("parameters", {}), **parameters}
    with _step("deploy template.yaml (sam deploy)", say):
        outputs = _deploy(folder, endpoint, name, parameters)
    with _step("install the gateway's error responses", say):
        _gateway_responses(endpoint, outputs["ApiId"])
    stack = {"pid": pid, "port": port, **_description(endpoint, outputs), "parameters": dict(parameters)}
    with _step("create two accounts and a key for each role", say):
        stack["tokens"] = _tokens(stack, (known or {}).get("tokens", {}))
    _write(folder, name, stack)
    say(f"  ready after {time.monotonic() - start:.1f} s: {stack['base_url']}")
    say(f"  names and keys are in {_relative(_file(folder, name))}")
    return stack


def down(folder: Path, say: Any = print) -> None:
    """Stop the emulator with every stack on it, and delete their data."""
    files = sorted(folder.glob("stack*.json"))
    if not files:
        say("The local stack is not running.")
        return
    for pid in {json.loads(file.read_text())["pid"] for file in files}:
        emulator.stop(pid)
    for file in files:
        file.unlink()
    say("Stopped.")


def read(folder: Path, name: str = STACK_NAME) -> dict[str, Any] | None:
    """Return the content of a stack's `stack.json`, or None if there is none."""
    try:
        stack: dict[str, Any] = json.loads(_file(folder, name).read_text())
    except FileNotFoundError:
        return None
    return stack


def client(stack: dict[str, Any], service: str) -> Any:
    """Return an AWS client of the stack, with its root credentials."""
    aws = stack["aws"]
    new_client: Any = boto3.client
    return new_client(
        service,
        endpoint_url=aws["endpoint_url"],
        region_name=aws["region"],
        aws_access_key_id=aws["access_key_id"],
        aws_secret_access_key=aws["secret_access_key"],
    )


def logs(folder: Path, say: Any = print) -> None:
    """Print the functions' logs, oldest first."""
    stack = read(folder)
    if not stack:
        say("The local stack is not running. 'make up' starts it.")
        return
    for at, group, message in log_lines(stack):
        say(f"{at} {group} {message}")


def log_lines(stack: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Return all log lines of all functions: epoch milliseconds, log group, text."""
    cloudwatch = client(stack, "logs")
    lines = []
    for page in cloudwatch.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            for events in cloudwatch.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                lines += [(e["timestamp"], group["logGroupName"], e["message"].rstrip()) for e in events["events"]]
    return sorted(lines)


def variables(stack: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment variables with which AWS tools use the emulator of a stack."""
    aws = stack["aws"]
    return {
        "AWS_ENDPOINT_URL": aws["endpoint_url"],
        "AWS_DEFAULT_REGION": aws["region"],
        "AWS_REGION": aws["region"],
        "AWS_ACCESS_KEY_ID": aws["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": aws["secret_access_key"],
    }


def env(folder: Path, say: Any = print, *, name: str = STACK_NAME) -> None:
    """Print the shell commands after which AWS tools use the emulator. Raises StepFailed if the stack does not run."""
    stack = read(folder, name)
    if not stack or "aws" not in stack:
        raise StepFailed(f"The stack {name} is not running. 'make up' starts it.")
    for variable, value in variables(stack).items():
        say(f"export {variable}={shlex.quote(value)}")
    say("unset AWS_PROFILE AWS_SESSION_TOKEN")


@contextmanager
def _step(name: str, say: Any) -> Iterator[None]:
    start = time.monotonic()
    yield
    say(f"  {name}: {time.monotonic() - start:.1f} s")


def _run(folder: Path, endpoint: str, *command: str) -> None:
    (folder / "tmp").mkdir(exist_ok=True)
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=emulator.environment_for(endpoint, folder),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise StepFailed(f"'{' '.join(command[:2])}' failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")


def _install_libraries() -> None:
    """Install the libraries before `sam build`, which would not print how large they are."""
    try:
        libraries.installed(emulator.architecture())
    except libraries.BuildFailed as failure:
        raise StepFailed(str(failure)) from failure


def _build(folder: Path, endpoint: str) -> None:
    cache = ROOT / ".local" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # stacks of the same checkout share the cache
        digest, built = _digest_of_inputs(), folder / "build" / "inputs.sha256"
        if built.is_file() and built.read_text() == digest:
            return  # another stack of this folder has built the same
        _run(
            folder,
            endpoint,
            *_sam("build"),
            *("--template-file", str(ROOT / "template.yaml")),
            *("--build-dir", str(folder / "build"), "--cached", "--cache-dir", str(cache / "sam")),
            *("--parameter-overrides", f"Architecture={emulator.architecture()}"),
        )
        built.write_text(digest)


def _digest_of_inputs() -> str:
    """Return the SHA-256 of everything that a build depends on."""
    folders = (ROOT / "functions", ROOT / "infra" / "build")
    sources = [file for folder in folders for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc"]
    sources += [ROOT / "template.yaml", ROOT / "samconfig.toml", *(ROOT / "infra").glob("*.yaml")]
    digest = hashlib.sha256(f"{sys.version} {emulator.architecture()}".encode())
    for file in sorted(sources):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(ROOT)} {content}\n".encode())
    return digest.hexdigest()


def _deploy(folder: Path, endpoint: str, name: str, parameters: Mapping[str, str]) -> dict[str, str]:
    overrides = {
        "Profile": "local",
        "Architecture": emulator.architecture(),
        "ConsoleOrigins": "*",  # the page has a port of its own
        **parameters,
    }
    _run(
        folder,
        endpoint,
        *_sam("deploy"),
        *("--template-file", str(folder / "build" / "template.yaml"), "--stack-name", name),
        *("--parameter-overrides", " ".join(f"{key}={value}" for key, value in overrides.items())),
    )
    formation = _client(endpoint, "cloudformation")
    stacks = formation.describe_stacks(StackName=name)["Stacks"]
    return {o["OutputKey"]: o["OutputValue"] for o in stacks[0]["Outputs"]}


def _sam(verb: str) -> tuple[str, ...]:
    return (
        sys.executable,
        "-m",
        "samcli",
        verb,
        "--config-file",
        str(ROOT / "samconfig.toml"),
        "--config-env",
        "local",
    )


def _gateway_responses(endpoint: str, api_id: str) -> None:
    """Install the template's GatewayResponses, which the emulator ignores in a template."""
    gateway = _client(endpoint, "apigateway")
    for name, response in templates.gateway_responses().items():
        headers = response["ResponseParameters"]["Headers"]
        gateway.put_gateway_response(
            restApiId=api_id,
            responseType=name,
            statusCode=str(response["StatusCode"]),
            responseParameters={f"gatewayresponse.header.{header}": value for header, value in headers.items()},
            responseTemplates=response["ResponseTemplates"],
        )
    gateway.create_deployment(restApiId=api_id, stageName="v1")


def _description(endpoint: str, outputs: dict[str, str]) -> dict[str, Any]:
    return {
        "base_url": f"{endpoint}/_aws/execute-api/{outputs['ApiId']}/v1",
        "account_id": ACCOUNT,
        "other_account_id": OTHER_ACCOUNT,
        "tokens": {},
        "aws": _aws(endpoint),
        "functions": {folder: outputs[output] for folder, output in FUNCTIONS.items()},
        "tables": {
            "numbers": outputs["NumbersTableName"],
            "audit": outputs["AuditTableName"],
            "accounts": outputs["AccountsTableName"],
        },
        "bucket": outputs["BulkBucketName"],
        "event_bus": outputs["EventBusName"],
        "nightly_exports": {"GroupName": outputs["ScheduleGroupName"], "Name": outputs["NightlyExportsScheduleName"]},
    }


def _tokens(stack: dict[str, Any], tokens: dict[str, str]) -> dict[str, str]:
    """Create the accounts and any missing keys: the first with IAM credentials, the others through the API."""
    if "operator" not in tokens:
        accounts = Accounts(client(stack, "dynamodb"), stack["tables"]["accounts"])
        key = accounts.make_key(PLATFORM, Role.OPERATOR, "local operator", None, "local", now())
        tokens = {"operator": key["token"]}
    as_operator = {"Authorization": f"Bearer {tokens['operator']}"}
    for account_id, name in ((ACCOUNT, "Acme Solar"), (OTHER_ACCOUNT, "Globex")):
        account = {"name": name, "default_region": "US"}
        _ok(requests.put(f"{stack['base_url']}/accounts/{account_id}", json=account, headers=as_operator, timeout=30))
    keys = [(str(role), ACCOUNT, role) for role in Role if role is not Role.OPERATOR]
    for name, account_id, role in [*keys, ("other_admin", OTHER_ACCOUNT, Role.ADMIN)]:
        if name not in tokens:
            key = {"role": role, "name": f"local {name}"}
            url = f"{stack['base_url']}/accounts/{account_id}/keys"
            tokens[name] = _ok(requests.post(url, json=key, headers=as_operator, timeout=30))["token"]
    return tokens


def _ok(response: requests.Response) -> dict[str, Any]:
    if not response.ok:
        request = f"{response.request.method} {response.url}"
        raise StepFailed(f"{request} returned {response.status_code}: {response.text[:500]}")
    body: dict[str, Any] = response.json()
    return body


def _client(endpoint: str, service: str) -> Any:
    return client({"aws": _aws(endpoint)}, service)


def _aws(endpoint: str) -> dict[str, str]:
    return {
        "endpoint_url": endpoint,
        "region": emulator.REGION,
        "access_key_id": emulator.ACCESS_KEY,
        "secret_access_key": emulator.SECRET_KEY,
    }


def _file(folder: Path, name: str) -> Path:
    return folder / ("stack.json" if name == STACK_NAME else f"stack-{name}.json")


def _write(folder: Path, name: str, stack: dict[str, Any]) -> None:
    temporary = folder / f"{name}.new"
    temporary.write_text(json.dumps(stack, indent=2) + "\n")
    temporary.chmod(0o600)
    temporary.rename(_file(folder, name))


def _relative(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def folder_from_environment() -> Path:
    """Return the stack's folder: NOCALL_LOCAL, or `.local` in the checkout."""
    return Path(os.environ.get("NOCALL_LOCAL") or ROOT / ".local").resolve()


def _parameter(written: str) -> tuple[str, str]:
    name, equals, value = written.partition("=")
    if not equals:
        raise StepFailed(f'{written!r} is not a parameter. Write PARAMETERS="Name=value Name=value".')
    return name, value


def main() -> int:
    """Run the command line."""
    name = os.environ.get("NOCALL_STACK") or STACK_NAME
    try:
        parameters = dict(_parameter(written) for written in os.environ.get("NOCALL_PARAMETERS", "").split())
        verbs: dict[str, Callable[[Path], object]] = {
            "up": partial(up, name=name, parameters=parameters),
            "down": down,
            "logs": logs,
            "env": partial(env, name=name),
        }
        if len(sys.argv) != 2 or sys.argv[1] not in verbs:
            print(f"usage: python -m infra.local.stack {{{'|'.join(verbs)}}}", file=sys.stderr)
            return 2
        verbs[sys.argv[1]](folder_from_environment())
    except (StepFailed, emulator.EmulatorFailed) as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
