"""`make demo`: the main job, told as a story, on the local stack. Every line it prints was just seen to be so."""

import sys
import time
from typing import Any

import requests

from infra.local import emulator, stack
from infra.local.demo import imports as demo_bulk
from infra.local.demo.story import Story, StoryBroke

PATIENCE_SECONDS = 30.0


def tell(story: Story) -> None:
    """Tell the main job."""
    # 555-0100 to 555-0199 are kept for fiction. Each run takes up a number where the one before left it.
    written, e164, neighbor = "(415) 555-0132", "+14155550132", "+14155550133"

    print("\n1. An agent ends a call with the disposition DNC.")
    listed = {"number": written, "source": "disposition", "campaign_id": "spring", "agent_id": "a-17"}
    listed |= {"call_id": f"c-{time.time_ns()}", "acting_user": "u-17"}
    headers = {"Authorization": f"Bearer {story.stack['tokens']['agent']}"}
    answer = requests.post(story.numbers, json=listed, headers=headers, timeout=60)
    if answer.status_code not in (200, 201):
        raise StoryBroke(f"adding answered {answer.status_code}: {answer.text[:500]}")
    entry = answer.json()
    print(f"   {written} is {entry['status']} as {entry['number']}, version {entry['version']} ({answer.status_code})")

    print("\n2. The dialer checks before it calls, by a direct Invoke.")
    for result in story.check(written, "415.555.0132", "+1 415 555 0132", neighbor):
        verdict = "may be called" if result["callable"] else "must not be called"
        print(f"   {result['input']:<16} {result['status']:<7} {verdict}")
        if result["callable"] != (result["number"] == neighbor):
            raise StoryBroke(f"the check was wrong: {result}")

    print("\n3. A manager opens the number and wants it off the list.")
    shown = story.ask("manager", "GET", f"{story.numbers}/{e164}", 200)
    notice = shown["removal_notice"]
    print(f"   {notice['why']}\n   {notice['rule']}\n   {notice['disclaimer']}")
    seen = {"if_version": shown["version"], "acting_user": "u-2"}
    for why, body in (
        ("no reason", {}),
        ("a refused reason", {"reason": "existing_customer"}),
        ("no evidence", {"reason": "consent_given"}),
    ):
        refused = story.ask("manager", "DELETE", f"{story.numbers}/{e164}", 422, {**seen, **body})
        print(f"   {why}: {refused['code']}: {refused['detail']}")
    valid = {**seen, "reason": "marked_by_mistake", "note": "agent pressed DNC instead of Callback"}
    removed = story.ask("manager", "DELETE", f"{story.numbers}/{e164}", 200, valid)
    print(f"   a valid reason: {removed['status']}, {removed['removal']['reason']}, version {removed['version']}")
    if not story.check(e164)[0]["callable"]:
        raise StoryBroke("the removed number is still not callable")

    print("\n4. The compliance officer asks who, when and why.")
    for event in _events_up_to(story, e164, removed["version"]):
        who = event["actor"]["acting_user"] or event["actor"]["principal"]
        print(f"   {event['occurred_at']}  {event['type']:<16} by {who:<6} {event['reason'] or ''}")
    chain = story.ask("auditor", "GET", f"{story.numbers}/{e164}/history", 200)["chain"]
    print(f"   {chain['length']} events, chain intact: {chain['intact']}, head {chain['head_digest'][:16]}…")
    if not chain["intact"]:
        raise StoryBroke(f"the chain is broken at {chain['broken_at']}")

    print("\n5. Another account's admin tries the same.")
    refused = story.ask("other_admin", "GET", f"{story.numbers}/{e164}", 403)
    print(f"   403 {refused['code']}: {refused['detail']}")


def _events_up_to(story: Story, e164: str, version: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        # The events follow a change by the stream, so the first look may come before the history has begun.
        history = story.ask("auditor", "GET", f"{story.numbers}/{e164}/history?page_size=500", 200)
        events: list[dict[str, Any]] = history["events"]
        if any(event["after"] and event["after"]["version"] == version for event in events):
            return events[-4:]
        time.sleep(0.2)
    raise StoryBroke(f"the audit of version {version} did not appear within {PATIENCE_SECONDS:.0f} s")


def main() -> int:
    """Bring the stack up and tell the story."""
    print("The local stack:")
    try:
        up = stack.up(stack.folder_of_environment())
        story = Story(up)
        tell(story)
        demo_bulk.tell(story)
    except (StoryBroke, stack.StepFailed, emulator.EmulatorFailed) as failed:
        print(f"\nIt did not work: {failed}", file=sys.stderr)
        return 1
    print("\nThe console, for people. Sign in with the key of a manager:")
    print(f"   {up['base_url']}/console\n   {up['tokens']['manager']}")
    print("\nThe stack stays up: keys and names are in .local/stack.json, 'make logs' shows what it logged,")
    print("'make down' stops it. The README has five calls to try next.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
