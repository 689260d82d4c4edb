"""`make demo`: the main job as a story, on the local stack. The demo verifies each line before it prints it."""

import sys
import time
from typing import Any

import requests

from infra.local import emulator, stack
from infra.local.demo import imports
from infra.local.demo.client import DemoClient, DemoFailed

TIMEOUT_SECONDS = 30.0


def run(demo: DemoClient) -> None:
    """Show the main job: add, check, remove, audit, and tenant isolation."""
    # 555-0100 to 555-0199 are reserved for fiction. The number may still be listed from an earlier run.
    written, e164, neighbor = "(415) 555-0132", "+14155550132", "+14155550133"

    print("\n1. An agent ends a call with the disposition DNC.")
    add = {"number": written, "source": "disposition", "campaign_id": "spring", "agent_id": "a-17"}
    add |= {"call_id": f"c-{time.time_ns()}", "acting_user": "u-17"}
    headers = {"Authorization": f"Bearer {demo.stack['tokens']['agent']}"}
    response = requests.post(demo.numbers, json=add, headers=headers, timeout=60)
    if response.status_code not in (200, 201):
        raise DemoFailed(f"the add returned {response.status_code}: {response.text[:500]}")
    entry = response.json()
    as_stored = f"{entry['number']}, version {entry['version']} ({response.status_code})"
    print(f"   {written} is {entry['status']} as {as_stored}")

    print("\n2. The dialer checks before each call, by direct Invoke.")
    for result in demo.check(written, "415.555.0132", "+1 415 555 0132", neighbor):
        verdict = "may be called" if result["callable"] else "do not call"
        print(f"   {result['input']:<16} {result['status']:<7} {verdict}")
        if result["callable"] != (result["number"] == neighbor):
            raise DemoFailed(f"the check was wrong: {result}")

    print("\n3. A manager opens the number and wants to remove it.")
    entry = demo.call("manager", "GET", f"{demo.numbers}/{e164}", 200)
    notice = entry["removal_notice"]
    print(f"   {notice['why']}\n   {notice['rule']}\n   {notice['disclaimer']}")
    removal = {"if_version": entry["version"], "acting_user": "u-2"}
    for attempt, body in (
        ("no reason", {}),
        ("an invalid reason", {"reason": "existing_customer"}),
        ("no evidence", {"reason": "consent_given"}),
    ):
        problem = demo.call("manager", "DELETE", f"{demo.numbers}/{e164}", 422, {**removal, **body})
        print(f"   {attempt}: {problem['code']}: {problem['detail']}")
    valid = {**removal, "reason": "marked_by_mistake", "note": "agent pressed DNC instead of Callback"}
    removed = demo.call("manager", "DELETE", f"{demo.numbers}/{e164}", 200, valid)
    print(f"   a valid reason: {removed['status']}, {removed['removal']['reason']}, version {removed['version']}")
    if not demo.check(e164)[0]["callable"]:
        raise DemoFailed("the removed number is still not callable")

    print("\n4. The compliance officer asks who removed it, when and why.")
    for event in _events_up_to(demo, e164, removed["version"]):
        who = event["actor"]["acting_user"] or event["actor"]["principal"]
        print(f"   {event['occurred_at']}  {event['type']:<16} by {who:<6} {event['reason'] or ''}")
    chain = demo.call("auditor", "GET", f"{demo.numbers}/{e164}/history", 200)["chain"]
    print(f"   {chain['length']} events, chain intact: {chain['intact']}, head {chain['head_digest'][:16]}…")
    if not chain["intact"]:
        raise DemoFailed(f"the chain is broken at {chain['broken_at']}")

    print("\n5. Another account's admin tries to read it.")
    problem = demo.call("other_admin", "GET", f"{demo.numbers}/{e164}", 403)
    print(f"   403 {problem['code']}: {problem['detail']}")


def _events_up_to(demo: DemoClient, e164: str, version: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        # Events follow a change through the stream, so the first reads may not have the last event yet.
        history = demo.call("auditor", "GET", f"{demo.numbers}/{e164}/history?page_size=500", 200)
        events: list[dict[str, Any]] = history["events"]
        if any(event["after"] and event["after"]["version"] == version for event in events):
            return events[-4:]
        time.sleep(0.2)
    raise DemoFailed(f"the audit of version {version} did not appear within {TIMEOUT_SECONDS:.0f} s")


def main() -> int:
    """Bring the stack up and run the demo."""
    print("The local stack:")
    try:
        up = stack.up(stack.folder_from_environment())
        demo = DemoClient(up)
        run(demo)
        imports.run(demo)
    except (DemoFailed, stack.StepFailed, emulator.EmulatorFailed) as failed:
        print(f"\nThe demo failed: {failed}", file=sys.stderr)
        return 1
    print("\nThe console is the page for people. Sign in with a manager's key:")
    print(f"   {up['base_url']}/console\n   {up['tokens']['manager']}")
    print("\nThe stack stays up. Its names and keys are in .local/stack.json. 'make logs' prints the functions' logs,")
    print("and 'make down' stops it. The README has five calls to try next.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
