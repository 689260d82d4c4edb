"""No function leaves anything for the garbage collector, which may therefore run as rarely as it does.

An execution environment lives for hours. If each invocation left a cycle of objects, memory would grow until 50,000 new
objects started a collection (`dnc/__init__.py`).
"""

import json
import os
import subprocess
import sys

from benchmarks.harness import function_events
from infra import templates
from tests.support.gateway import ENVIRONMENT

SCRIPT = """
import contextlib, gc, importlib, json, sys
from tests.support.lambda_context import Context
out, sys.stdout = sys.stdout, sys.stderr
left = {}
def is_botocores(garbage):
    # For each response of S3, botocore leaves two parsers that refer to each other, and a method of one.
    return type(getattr(garbage, "__self__", garbage)).__module__.startswith("botocore.")
def invoke(handler, event):
    return handler(json.loads(json.dumps(event)), Context())
def repeat(handler, event):
    # A step of a job that is already done may raise an error, which must leave nothing either.
    with contextlib.suppress(Exception):
        invoke(handler, event)
for name, (module, events) in json.load(sys.stdin).items():
    handler = importlib.import_module(module).lambda_handler
    for event in events:
        invoke(handler, event)
    repeat(handler, events[-1])
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    repeat(handler, events[-1])
    gc.collect()
    left[name] = [str(type(garbage)) for garbage in gc.garbage if not is_botocores(garbage)]
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()
json.dump(left, out)
"""


def test_no_invocation_leaves_a_cycle_of_objects():
    modules = {function.id: function.module for function in templates.functions()}
    with function_events.world() as world:
        events = {**function_events.events(world.token), "CheckNumbersFunction": [function_events.one_check()]}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            input=json.dumps({name: (modules[name], sent) for name, sent in events.items()}),
            env={**os.environ, **ENVIRONMENT, **world.environment, "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=templates.ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    left = json.loads(done.stdout)
    assert set(left) == set(modules)
    assert {name: garbage for name, garbage in left.items() if garbage} == {}
