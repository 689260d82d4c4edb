"""Runs the state machines of the nested stacks in the test's process: the real definitions, with the real handlers.

It supports only what they use: Task with Parameters, ResultPath, InputPath and Catch, Choice, Map over a list in S3,
Wait, Fail and Succeed. A Wait takes no time; `waited` has its seconds. It does not retry: a test of a retry runs the
task twice.
"""

import json
from typing import Any

from infra import templates

MOST_DATA = 256 * 1024


class ExecutionFailed(Exception):
    """The execution ended in a Fail state."""


def definition(machine: str, substitutions: dict[str, str]) -> dict[str, Any]:
    """Read the definition of a machine from its template."""
    [resource] = [stack["Resources"][machine] for stack in templates.nested().values() if machine in stack["Resources"]]
    text = resource["Properties"]["DefinitionString"]
    for name, value in substitutions.items():
        text = text.replace(f"${{{name}}}", value)
    return json.loads(text)


class DataLimitExceeded(Exception):
    """A state's result is larger than Step Functions allows. It ends the execution."""


class Machine:
    """One machine. `tasks`: functions by resource name; `read`: returns the bytes of an object by its key."""

    def __init__(self, machine, tasks, read, concurrency=1):
        names = {name: name for name in tasks}
        names |= {"Bucket": "bulk", "Concurrency": str(concurrency), "Partition": "aws"}
        self.states = definition(machine, names)
        self.tasks = tasks
        self.read = read
        self.waited = []

    def run(self, execution_input, name="run-1", before=lambda state, data: None):
        """Run it to its end and return its output. `before` is called before each state runs."""
        context = {"Execution": {"Name": name, "Input": execution_input}, "Waited": self.waited}
        return self._run(self.states, json.loads(json.dumps(execution_input)), context, before)

    def _run(self, machine, data, context, before):
        name = machine["StartAt"]
        while True:
            state = machine["States"][name]
            before(name, data)
            if state["Type"] == "Succeed":
                return data
            if state["Type"] == "Fail":
                raise ExecutionFailed(state["Error"])
            if state["Type"] == "Wait":
                context["Waited"].append(_at(data, state["SecondsPath"]))
                name = state["Next"]
                continue
            if state["Type"] == "Choice":
                name = next((c["Next"] for c in state["Choices"] if _holds(c, data)), state["Default"])
                continue
            try:
                result = self._work(state, data, context, before)
            except Exception as failed:
                if not state.get("Catch"):
                    raise
                [catch] = state["Catch"]
                data = _put(data, catch["ResultPath"], {"Error": type(failed).__name__, "Cause": str(failed)})
                name = catch["Next"]
                continue
            if len(json.dumps(result)) > MOST_DATA:  # a Catch or a ResultPath does not prevent it
                raise DataLimitExceeded(name)
            data = _put(data, state.get("ResultPath", "$"), result)
            if state.get("End"):
                return data
            name = state["Next"]

    def _work(self, state, data, context, before):
        if state["Type"] == "Task":
            task_input = data
            if "Parameters" in state:
                task_input = _filled(state["Parameters"], data, context)
            elif "InputPath" in state:
                task_input = _at(data, state["InputPath"])
            return json.loads(json.dumps(self.tasks[state["Resource"]](json.loads(json.dumps(task_input)))))
        reader = _filled(state["ItemReader"]["Parameters"], data, context)
        results, failed = [], 0
        for item in json.loads(self.read(reader["Key"])):
            task_input = _filled(state["ItemSelector"], data, {**context, "Map": {"Item": {"Value": item}}})
            try:
                results.append(self._run(state["ItemProcessor"], task_input, context, before))
            except Exception:
                if state.get("ToleratedFailurePercentage") != 100:
                    raise
                failed += 1
        if "ResultWriter" in state:
            return {"MapRunArn": "map-run", "ResultWriterDetails": {"Bucket": "bulk", "Key": "manifest.json"}}
        return results


def _filled(parameters, data, context):
    filled = {}
    for name, value in parameters.items():
        if not name.endswith(".$"):
            filled[name] = _filled(value, data, context) if isinstance(value, dict) else value
        else:
            filled[name[:-2]] = _at(context, value[1:]) if value.startswith("$$") else _at(data, value)
    return filled


def _at(data, path):
    for part in path.split(".")[1:]:
        data = data[part]
    return data


def _put(data, path, result):
    if path is None:
        return data
    if path == "$":
        return result
    *parents, last = path.split(".")[1:]
    data = json.loads(json.dumps(data))
    at = data
    for part in parents:
        at = at[part]
    at[last] = result
    return data


def _holds(choice, data):
    value = _at(data, choice["Variable"])
    if "BooleanEquals" in choice:
        return value is choice["BooleanEquals"]
    return value > choice["NumericGreaterThan"]
