"""Reading the list: filters, pages, and one number."""

from datetime import UTC, datetime

import pytest

US = [f"+141555501{i:02}" for i in range(30)]
GB = "+442079460958"


def listed(gateway, query="", role="manager"):
    reply = gateway.numbers(role, "GET", query)
    assert reply.status == 200, reply
    return [entry["number"] for entry in reply.body["numbers"]]


def fill(gateway):
    for i, number in enumerate(US):
        gateway.add(number, campaign_id="spring" if i % 2 else "autumn", source="sms" if i % 3 else "manual")
    gateway.add(GB)
    removal = {"reason": "test_number", "note": "ours", "if_version": 1, "acting_user": "u"}
    assert gateway.numbers("manager", "DELETE", f"/{GB}", removal).status == 200


@pytest.fixture
def filled(gateway, prepared):
    prepared("a filled list", lambda: fill(gateway))
    return gateway


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", US),
        ("?status=all", [*US, GB]),
        ("?status=removed", [GB]),
        ("?prefix=1415", US),
        ("?prefix=%2B141555501&status=all", US),
        ("?prefix=14155550112", [US[12]]),
        ("?q=0112", [US[12]]),
        ("?q=(415) 555-0112", [US[12]]),
        ("?q=%2B1 415 555 0112", [US[12]]),
        ("?q=00141555501", US),
        ("?q=020 7946&region=GB&status=all", [GB]),
        ("?q=7946 0958&status=all", [GB]),
        ("?q=smith", []),
        ("?source=sms", [n for i, n in enumerate(US) if i % 3]),
        ("?campaign_id=autumn&source=manual", [n for i, n in enumerate(US) if i % 2 == 0 and i % 3 == 0]),
        ("?listed_from=2026-01-01T00:00:00Z", US),
        ("?listed_to=2026-01-01T00:00:00Z", []),
        ("?page_size=501", US),
        ("?page_size=10000", US),
        (f"?page_size={'9' * 5000}", US),
        ("?page_size=0000000500", US),
    ],
)
def test_filters(filled, query, wanted):
    assert listed(filled, query) == wanted


@pytest.mark.parametrize("size", [1, 7, 30, 31])
@pytest.mark.parametrize("query", ["", "&campaign_id=spring", "&q=555"])
def test_pages_contain_each_number_once(filled, size, query):
    seen, token = [], ""
    while True:
        page = filled.numbers("auditor", "GET", f"?page_size={size}{query}{token}").body
        assert len(page["numbers"]) <= size
        seen += [entry["number"] for entry in page["numbers"]]
        if page["next_page_token"] is None:
            break
        token = f"&page_token={page['next_page_token']}"
    assert seen == listed(filled, f"?page_size=500{query}")


def test_pages_neither_repeat_nor_skip_numbers_during_adds_and_removals(filled):
    seen, token = [], ""
    removal = {"reason": "marked_by_mistake", "note": "x", "if_version": 1, "acting_user": "u"}
    while True:
        page = filled.numbers("manager", "GET", f"?page_size=4{token}").body
        seen += [entry["number"] for entry in page["numbers"]]
        if page["next_page_token"] is None:
            break
        token = f"&page_token={page['next_page_token']}"
        if len(seen) == 4:
            filled.numbers("manager", "DELETE", f"/{seen[-1]}", removal | {"reason": "test_number"})
            filled.add("+12125550100")
        filled.add("+13125550100")
    assert len(seen) == len(set(seen))
    assert set(US) <= set(seen)


def test_a_page_token_is_valid_only_unchanged_and_for_its_account_and_filters(filled):
    token = filled.numbers("manager", "GET", "?page_size=2&campaign_id=spring").body["next_page_token"]
    good = f"?page_size=2&campaign_id=spring&page_token={token}"
    assert filled.numbers("manager", "GET", good).status == 200
    assert filled.numbers("manager", "GET", good.replace("page_size=2", "page_size=3")).status == 200
    refused = [good.replace("spring", "autumn"), f"?page_token={token}", good + "A", good[:-1]]
    refused += [
        good[:i] + ("A" if good[i] != "A" else "B") + good[i + 1 :] for i in range(len(good) - len(token), len(good))
    ]
    for query in refused:
        reply = filled.numbers("manager", "GET", query)
        assert (reply.status, reply.fields) == (422, ["page_token"]), query
    assert filled.numbers("operator", "GET", good, account="globex").fields == ["page_token"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?colour=red", "colour"),
        ("?page_size=0", "page_size"),
        ("?page_size=0000000000", "page_size"),
        ("?page_size=-1", "page_size"),
        ("?page_size=many", "page_size"),
        ("?status=gone", "status"),
        ("?source=fax", "source"),
        ("?prefix=abc", "prefix"),
        ("?prefix=" + "1" * 16, "prefix"),
        ("?listed_from=yesterday", "listed_from"),
        ("?status=all&status=all", "status"),
        ("?region=ZZ", "region"),
    ],
)
def test_an_invalid_query_is_422_with_the_name_of_the_parameter(gateway, query, field):
    reply = gateway.numbers("manager", "GET", query)
    assert (reply.status, reply.code, reply.fields) == (422, "invalid_request", [field])


def test_a_number_is_found_by_any_form_of_its_path(gateway):
    gateway.add(US[0])
    for written in (US[0], US[0][1:], US[0].replace("+", "%2B")):
        assert gateway.numbers("agent", "GET", f"/{written}").body["number"] == US[0]
    assert gateway.numbers("agent", "GET", "/12125550100").code == "not_listed"
    for written in ("abc", "0", "1" * 16, "++1415", "(415)"):
        assert gateway.numbers("agent", "GET", f"/{written}").code == "invalid_number"


def test_the_notice_has_the_cause_the_rule_and_the_open_reasons(gateway):
    gateway.add(US[0], source="disposition")
    gateway.add(US[0], source="sms")
    notice = gateway.numbers("manager", "GET", f"/{US[0]}").body["removal_notice"]
    assert "disposition" in notice["why"]
    assert "text message" in notice["why"]
    assert "47 CFR 64.1200(d)" in notice["rule"]
    assert "not legal advice" in notice["disclaimer"]
    assert notice["reasons"] == ["consent_given", "request_withdrawn", "number_reassigned"]
    assert notice["consent_needed"] is False
    assert "must be honored" in next(r["why"] for r in notice["refused"] if r["code"] == "existing_customer")
    assert "legal_order" in gateway.numbers("admin", "GET", f"/{US[0]}").body["removal_notice"]["reasons"]


def test_the_notice_of_a_removed_number_offers_no_reasons(filled):
    shown = filled.numbers("manager", "GET", f"/{GB}").body
    assert shown["status"] == "removed"
    assert shown["removal"]["reason"] == "test_number"
    assert shown["removal_notice"]["reasons"] == []


def test_a_manually_written_row_is_listed_and_readable(gateway, dynamodb):
    dynamodb.put_item(TableName="numbers", Item={"account_id": {"S": "acme"}, "number": {"S": US[0]}})
    assert gateway.check([US[0]])["results"][0]["status"] == "listed"
    shown = gateway.numbers("manager", "GET", f"/{US[0]}")
    assert (shown.status, shown.body["status"]) == (200, "listed")
    assert gateway.add(US[0])["version"] == 1
    assert datetime.now(UTC).isoformat()[:10] in gateway.numbers("manager", "GET", f"/{US[0]}").body["requested_at"]
