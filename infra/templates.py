"""The templates as data: `template.yaml` and the nested stacks in `infra/`, read without CloudFormation."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PARENT = ROOT / "template.yaml"
NESTED = {
    "Tables": "tables",
    "Files": "files",
    "Audit": "audit",
    "ImportsStack": "imports",
    "ScrubsStack": "scrubs",
    "ExportsStack": "exports",
    "SweepStack": "sweep",
    "Observability": "observability",
}
_FUNCTION_TYPES = ("AWS::Serverless::Function", "AWS::Lambda::Function")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML with CloudFormation's short forms, such as `!Ref`, which are read as None."""


_Loader.add_multi_constructor("!", lambda _loader, _tag, _node: None)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a template. `artifact`: its folder, relative to the build folder of `sam build`."""

    id: str
    artifact: str
    properties: dict[str, Any]
    metadata: dict[str, Any]

    @property
    def handler(self) -> str:
        """Return the handler: `add_number.handler.lambda_handler`."""
        handler: str = self.properties["Handler"]
        return handler

    @property
    def module(self) -> str:
        """Return the handler's module: `add_number.handler`."""
        return self.handler.rpartition(".")[0]


def read(file: Path) -> dict[str, Any]:
    """Read a template; CloudFormation's functions become None. Callers share the result and must not change it."""
    return _parsed(file.read_text())


@cache
def _parsed(text: str) -> dict[str, Any]:
    template: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    return template


def parent() -> dict[str, Any]:
    """Read `template.yaml`."""
    return read(PARENT)


def nested() -> dict[str, dict[str, Any]]:
    """Read the nested stacks, by their logical id in the parent."""
    return {stack: read(ROOT / "infra" / f"{name}.yaml") for stack, name in NESTED.items()}


def gateway_responses() -> dict[str, Any]:
    """Read the gateway's own error responses, by their response type."""
    responses: dict[str, Any] = parent()["Resources"]["Api"]["Properties"]["GatewayResponses"]
    return responses


def functions() -> list[Function]:
    """Return every function of the parent and its nested stacks."""
    return [*_functions(parent(), ""), *(f for stack, child in nested().items() for f in _functions(child, stack))]


def _functions(template: dict[str, Any], stack: str) -> Iterator[Function]:
    for name, resource in template["Resources"].items():
        if resource["Type"] in _FUNCTION_TYPES:
            yield Function(name, str(Path(stack) / name), resource["Properties"], resource["Metadata"])
