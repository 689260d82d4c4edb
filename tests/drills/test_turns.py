"""Two large imports of one account at once: the second waits its turn, and a small file runs beside them."""

import requests

from dnc.bulk.turns import LARGE_IMPORT_ROWS
from tests.support.stack import wait_for

AREAS = (
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240 248 251 252 "
    "253 254 256 260 262 267 269 270 272 276 281 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 318 319 "
    "320 321 323 325 330 331 334 336 337 339 346 347 351 352 360 361 385 386 401 402 404 405 406 407 408 409 410 412 "
    "413 414 415 417 419 423 424 425 430 432 434 435 440 442 443 458 463 464 469 470 475 478"
)
EVERY = [f"+1{area}5550{digits}" for area in AREAS.split() for digits in range(100, 200)][:LARGE_IMPORT_ROWS]


def upload(client, account, numbers):
    """Create an import of these numbers, upload its file, and return its id."""
    data = "\n".join(["phone", *numbers]).encode()
    request = {"filename": "list.csv", "bytes": len(data), "acting_user": "u-1"}
    job = client.call("operator", "POST", f"/accounts/{account}/imports", request).json()
    sent = requests.put(job["upload"]["url"], data=data, headers=job["upload"]["headers"], timeout=30)
    assert sent.status_code == 200, sent.text
    return job["id"]


def test_the_second_large_import_waits_its_turn_and_a_small_one_does_not(client, account):
    assert len(EVERY) == LARGE_IMPORT_ROWS
    seen = []

    def statuses():
        jobs = client.call("operator", "GET", f"/accounts/{account}/imports").json()["imports"]
        now = {job["id"]: job["status"] for job in jobs}
        assert "failed" not in now.values(), jobs
        if not seen or seen[-1] != now:
            seen.append(now)
        return now

    first = upload(client, account, EVERY)
    wait_for(lambda: statuses()[first] == "running", 60)
    second = upload(client, account, EVERY)
    small = upload(client, account, ["+16505550100", "+16505550101"])
    wait_for(lambda: set(statuses().values()) == {"done"}, 240)

    story = [(now.get(first), now.get(second), now.get(small)) for now in seen]
    assert ("running", "queued", "done") in story, story
    assert not [now for now in story if now[:2] == ("running", "running")], story
    assert story.index(("done", "done", "done")) == len(story) - 1
    ended = {
        one: client.call("operator", "GET", f"/accounts/{account}/imports/{one}").json() for one in (first, second)
    }
    assert ended[first]["finished_at"] < ended[second]["finished_at"]
    assert ended[first]["counts"]["listed"] == LARGE_IMPORT_ROWS
    assert ended[second]["counts"]["already_listed"] == LARGE_IMPORT_ROWS
