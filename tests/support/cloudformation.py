"""The parts of CloudFormation that the templates use: the SAM transform, conditions, functions and nested stacks.

`deployed(Profile="prod", …)` returns what a stack with these parameters would contain. A reference to a resource is a
string, `<NumbersTable>` or `<NumbersTable.Arn>`, because resources have no physical ids here.
"""

import copy
import re
import uuid
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from infra.templates import NESTED, PARENT, ROOT

STACK = "nocall-prod"
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": STACK,
    "AWS::NoValue": None,
}


class RuleBroken(Exception):
    """An assertion of the template's `Rules` does not hold. The message is its description."""


@dataclass
class Stack:
    """A deployed stack. `resources`: with their functions resolved. `children`: nested stacks, by logical id."""

    resources: dict[str, dict[str, Any]]
    outputs: dict[str, Any]
    parameters: dict[str, Any]
    children: dict[str, "Stack"] = field(default_factory=dict)

    def every(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of every resource of a type, here and in the nested stacks, by logical id."""
        found = {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }
        for child in self.children.values():
            found |= child.every(kind)
        return found

    def resource(self, name: str) -> dict[str, Any]:
        """Return a resource of this stack or a nested one."""
        if name in self.resources:
            return self.resources[name]
        [found] = [child.resources[name] for child in self.children.values() if name in child.resources]
        return found


def deployed(pseudo: dict[str, str] | None = None, **parameters: Any) -> Stack:
    """Deploy `template.yaml` with these parameters. Raises RuleBroken. The stack is shared: do not change it."""
    return _deployed(tuple((pseudo or {}).items()), tuple(parameters.items()))


@cache
def _deployed(overrides: tuple[tuple[str, str], ...], chosen: tuple[tuple[str, Any], ...]) -> Stack:
    pseudo, parameters = {**PSEUDO, **dict(overrides)}, dict(chosen)
    names = ("AWS::Region", "AWS::Partition", "AWS::AccountId", "AWS::StackName")
    return _stack(_transformed({**parameters, **{name: pseudo[name] for name in names}}), parameters, pseudo)


def _transformed(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the template after the SAM transform, which resolves parameters in the properties of SAM's resources."""
    template = copy.deepcopy(_parent())
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"  # `sam package` replaces the local path with a key
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=parameters["AWS::Region"]))
    transformed: dict[str, Any] = translator.translate(
        template, {name: str(value) for name, value in parameters.items()}
    )
    return transformed


@cache
def _parent() -> dict[str, Any]:
    template: dict[str, Any] = yaml_parse(PARENT.read_text())
    return template


@cache
def _child(name: str) -> dict[str, Any]:
    template: dict[str, Any] = yaml_parse((ROOT / "infra" / f"{name}.yaml").read_text())
    return template


def _stack(template: dict[str, Any], chosen: dict[str, Any], pseudo: dict[str, Any]) -> Stack:
    declared = template.get("Parameters", {})
    unknown = chosen.keys() - declared.keys()
    assert not unknown, f"no such parameters: {unknown}"
    values = {name: chosen.get(name, parameter.get("Default")) for name, parameter in declared.items()}
    for name, value in values.items():
        assert value is not None, f"the parameter {name} has no value"
        allowed = declared[name].get("AllowedValues")
        assert allowed is None or str(value) in map(str, allowed), f"{name} may not be {value}"
        if declared[name]["Type"] == "CommaDelimitedList" and isinstance(value, str):
            values[name] = value.split(",")
    scope = _Scope(copy.deepcopy(template), values, pseudo)
    scope.check_rules()
    stack = Stack({}, {}, values)
    pending = dict(scope.template["Resources"])
    for name in [n for n, r in pending.items() if r["Type"] != "AWS::CloudFormation::Stack"]:
        scope.resource_names.add(name)
    for name, resource in _children_first(pending):
        if "Condition" in resource and not scope.holds(resource["Condition"]):
            continue
        if resource["Type"] == "AWS::CloudFormation::Stack":
            arguments = scope.value(resource["Properties"].get("Parameters", {}))
            child_name = f"{pseudo['AWS::StackName']}-{name}-1A2B"
            child = _stack(_child(NESTED[name]), arguments, {**pseudo, "AWS::StackName": child_name})
            stack.children[name] = child
            scope.child_outputs[name] = child.outputs
        stack.resources[name] = {key: scope.value(part) for key, part in resource.items()}
    for name, output in template.get("Outputs", {}).items():
        if "Condition" not in output or scope.holds(output["Condition"]):
            stack.outputs[name] = scope.value(output["Value"])
    return stack


def _children_first(resources: dict[str, Any]) -> list[tuple[str, Any]]:
    """Order the resources so that a nested stack comes before the resources that read its outputs."""
    children = {name for name, resource in resources.items() if resource["Type"] == "AWS::CloudFormation::Stack"}
    ordered: list[tuple[str, Any]] = []
    waiting = set(children)
    while waiting:
        ready = [name for name in waiting if not _mentioned(resources[name]["Properties"]) & (waiting - {name})]
        assert ready, f"nested stacks depend on each other: {waiting}"
        ordered += [(name, resources[name]) for name in sorted(ready)]
        waiting -= set(ready)
    return [*ordered, *((name, resource) for name, resource in resources.items() if name not in children)]


def _mentioned(value: Any) -> set[str]:
    """Return the first names of every Ref, GetAtt and Sub in a value."""
    if isinstance(value, list):
        return set().union(*map(_mentioned, value))
    if not isinstance(value, dict):
        return set()
    names = set().union(*map(_mentioned, value.values()))
    if "Ref" in value:
        names.add(value["Ref"])
    if "Fn::GetAtt" in value:
        target = value["Fn::GetAtt"]
        names.add(target.split(".")[0] if isinstance(target, str) else target[0])
    if "Fn::Sub" in value:
        text = value["Fn::Sub"] if isinstance(value["Fn::Sub"], str) else value["Fn::Sub"][0]
        names |= {name.split(".")[0] for name in re.findall(r"\$\{([\w:.]+)\}", text)}
    return names


def _id_of(pseudo: dict[str, Any]) -> str:
    name = pseudo["AWS::StackName"]
    prefix = f"arn:{pseudo['AWS::Partition']}:cloudformation:{pseudo['AWS::Region']}:{pseudo['AWS::AccountId']}"
    return f"{prefix}:stack/{name}/{uuid.uuid5(uuid.NAMESPACE_DNS, name)}"


class _Scope:
    """What the functions of one template can refer to."""

    def __init__(self, template: dict[str, Any], parameters: dict[str, Any], pseudo: dict[str, Any]) -> None:
        self.template = template
        self.parameters = parameters
        self.pseudo = {**pseudo, "AWS::StackId": _id_of(pseudo)}
        self.resource_names: set[str] = set()
        self.child_outputs: dict[str, dict[str, Any]] = {}

    def check_rules(self) -> None:
        for rule in self.template.get("Rules", {}).values():
            if "RuleCondition" not in rule or self.value(rule["RuleCondition"]):
                for assertion in rule["Assertions"]:
                    if not self.value(assertion["Assert"]):
                        raise RuleBroken(assertion["AssertDescription"])

    def holds(self, condition: str) -> bool:
        return bool(self.value(self.template["Conditions"][condition]))

    def value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [value for value in map(self.value, node) if value is not None]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            [(name, argument)] = node.items()
            if name in {"Ref", "Condition"} or name.startswith("Fn::"):
                return self._function(name, argument)
        resolved = {key: self.value(part) for key, part in node.items()}
        return {key: value for key, value in resolved.items() if value is not None}

    def _function(self, name: str, argument: Any) -> Any:
        if name == "Fn::If":
            condition, positive, negative = argument
            return self.value(positive if self.holds(condition) else negative)
        functions = {
            "Ref": lambda: self._ref(argument),
            "Condition": lambda: self.holds(argument),
            "Fn::GetAtt": lambda: self._attribute(argument),
            "Fn::Sub": lambda: self._substituted(argument),
            "Fn::Equals": lambda: str(self.value(argument[0])) == str(self.value(argument[1])),
            "Fn::Not": lambda: not self.value(argument[0]),
            "Fn::And": lambda: all(self.value(part) for part in argument),
            "Fn::Or": lambda: any(self.value(part) for part in argument),
            "Fn::Contains": lambda: self.value(argument[1]) in self.value(argument[0]),
            "Fn::FindInMap": lambda: self._mapped(argument),
            "Fn::Join": lambda: str(argument[0]).join(str(part) for part in self.value(argument[1])),
            "Fn::Split": lambda: str(self.value(argument[1])).split(argument[0]),
            "Fn::Select": lambda: self.value(argument[1])[int(self.value(argument[0]))],
        }
        return functions[name]()

    def _ref(self, name: str) -> Any:
        if name in self.parameters:
            return self.parameters[name]
        if name in self.pseudo:
            return self.pseudo[name]
        assert name in self.template["Resources"], f"Ref to {name}, which is not in the template"
        return f"<{name}>"

    def _attribute(self, argument: Any) -> Any:
        name, _, attribute = argument.partition(".") if isinstance(argument, str) else (argument[0], "", argument[1])
        assert name in self.template["Resources"], f"GetAtt of {name}, which is not in the template"
        if name in self.child_outputs:
            return self.child_outputs[name][attribute.removeprefix("Outputs.")]
        return f"<{name}.{attribute}>"

    def _substituted(self, argument: Any) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else argument

        def replacement(match: re.Match[str]) -> str:
            name = match[1]
            if name in own:
                return str(self.value(own[name]))
            value = self._attribute(name) if "." in name else self._ref(name)
            return str(value)

        return re.sub(r"\$\{([\w:.]+)\}", replacement, text)

    def _mapped(self, argument: list[Any]) -> Any:
        mapping, first, second = (self.value(part) for part in argument[:3])
        return self.template["Mappings"][mapping][str(first)][str(second)]
