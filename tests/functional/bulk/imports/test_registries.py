"""How old a registry is: kept with the account, shown with entries and checks, and watched by an alarm."""

import json
from datetime import timedelta

import pytest

from dnc import times
from dnc.aws import clients
from dnc.bulk.files import s3
from tests.functional.bulk.exports.test_exports import Context
from tests.functional.bulk.imports.test_imports import imports, states  # noqa: F401 - fixtures
from tests.functional.checks.test_prefixes import forget

NUMBER, NEIGHBOR, BRITISH = "+14155550100", "+12125550100", "+442079460958"
FILE = f"{NUMBER}\n{NEIGHBOR}\n{BRITISH}\n".encode()


def day(ago):
    return times.text(times.now() - timedelta(days=ago))[:10]


def registries(gateway):
    forget(gateway)
    return gateway.call("manager", "GET", "/accounts/acme").body["registry_imports"]


def made_old(gateway, ago, *areas):
    """Make the account's registries as old as if they had been imported some days ago."""
    stored = {"M": {day(ago): {"L": [{"S": area} for area in areas]}}}
    clients.client("dynamodb").update_item(
        TableName="accounts",
        Key={"account_id": {"S": "acme"}, "record": {"S": "profile"}},
        UpdateExpression="SET registry_imports = :imports",
        ExpressionAttributeValues={":imports": stored},
    )
    forget(gateway)


def completed(imports, data=FILE, **more):  # noqa: F811
    return imports.completed(data, **{"source": "registry", **more})


def test_an_import_of_a_registry_is_recorded_by_area_with_the_day_of_its_file(imports, gateway):  # noqa: F811
    assert registries(gateway) == []
    completed(imports)
    assert registries(gateway) == [{"day": day(0), "areas": ["+1212", "+1415", "+44"]}]
    older = {"version": "July", "accessed_on": day(3), "campaign": "spring"}
    job = completed(imports, f"{NEIGHBOR}\n+16045550100\n".encode(), registry=older)
    assert job["registry"]["campaign"] == "spring"
    assert registries(gateway) == [
        {"day": day(3), "areas": ["+1604"]},
        {"day": day(0), "areas": ["+1212", "+1415", "+44"]},
    ], "an older file does not make an area older"


@pytest.mark.parametrize("more", [{"dry_run": True}, {"source": "import"}, {"source": "suppression"}])
def test_an_import_of_anything_else_records_no_registry(imports, gateway, more):  # noqa: F811
    assert completed(imports, **more)["status"] == "done"
    assert registries(gateway) == []


def test_a_file_that_only_confirms_its_numbers_renews_the_age(imports, gateway):  # noqa: F811
    completed(imports)
    made_old(gateway, 40, "+1212", "+1415", "+44")
    entry = gateway.numbers("manager", "GET", f"/{NUMBER}").body
    assert (entry["registry_age_days"], gateway.check([NUMBER])["results"][0]["registry_stale"]) == (40, True)
    assert completed(imports)["counts"]["already_listed"] == 3
    forget(gateway)
    confirmed = gateway.numbers("manager", "GET", f"/{NUMBER}").body
    assert (confirmed["registry_age_days"], confirmed["version"]) == (0, 1)
    assert "registry_stale" not in gateway.check([NUMBER])["results"][0]


@pytest.mark.parametrize(("ago", "is_stale"), [(0, False), (31, False), (32, True)])
def test_a_check_says_when_a_registry_is_older_than_31_days(imports, gateway, ago, is_stale):  # noqa: F811
    completed(imports)
    gateway.add("+14155550101", source="sms")
    made_old(gateway, ago, "+1415", "+44")
    results = gateway.check([NUMBER, "+14155550101", BRITISH, "+14155550102"])["results"]
    assert [one.get("registry_stale") for one in results] == [is_stale or None, None, is_stale or None, None]
    over_http = gateway.call("dialer", "POST", "/accounts/acme/checks", {"numbers": [NUMBER]}).body["results"][0]
    assert over_http.get("registry_stale") == (is_stale or None)


def test_without_an_import_the_entrys_own_date_counts(gateway):
    entry = gateway.add(NUMBER, source="registry")
    assert entry["registry_age_days"] == 0
    assert "registry_age_days" not in gateway.add(NEIGHBOR, source="sms")
    assert "registry_stale" not in gateway.check([NUMBER])["results"][0]
    clients.client("dynamodb").update_item(
        TableName="numbers",
        Key={"account_id": {"S": "acme"}, "number": {"S": NUMBER}},
        UpdateExpression="SET listed_at = :old",
        ExpressionAttributeValues={":old": {"S": f"{day(40)}T00:00:00.000Z"}},
    )
    assert gateway.numbers("manager", "GET", f"/{NUMBER}").body["registry_age_days"] == 40
    assert gateway.check([NUMBER])["results"][0]["registry_stale"]


@pytest.mark.parametrize(
    "stored", [{"S": "x"}, {"M": {"x": {"N": "1"}}}, {"M": {"soon": {"L": [{"N": "1"}, {"S": "+1415"}]}}}]
)
def test_a_record_that_was_changed_by_hand_stops_no_check_and_no_import(imports, gateway, stored):  # noqa: F811
    completed(imports)
    clients.client("dynamodb").update_item(
        TableName="accounts",
        Key={"account_id": {"S": "acme"}, "record": {"S": "profile"}},
        UpdateExpression="SET registry_imports = :imports",
        ExpressionAttributeValues={":imports": stored},
    )
    forget(gateway)
    assert gateway.check([NUMBER])["results"][0]["status"] == "listed"
    assert gateway.numbers("manager", "GET", f"/{NUMBER}").status == 200
    assert completed(imports)["status"] == "done"
    assert {"day": day(0), "areas": ["+1212", "+1415", "+44"]} in registries(gateway)


def test_an_undo_deletes_its_imports_record_but_not_a_later_one(imports, gateway, states):  # noqa: F811
    first = completed(imports, registry={"accessed_on": day(5)})
    completed(imports, f"{NEIGHBOR}\n".encode())
    assert imports.undo(first["id"]).status == 200
    [(name, work)] = states.started
    imports.run(work, run=name)
    assert imports.read(first["id"])["status"] == "undone"
    assert registries(gateway) == [{"day": day(0), "areas": ["+1212"]}]


def test_a_late_last_step_of_a_failed_import_records_nothing(imports, gateway):  # noqa: F811
    job_id = imports.make(FILE, source="registry")
    plan, write, finish = imports.steps
    execution_input = {"detail": {"object": {"key": imports.key}}}
    work = plan.lambda_handler({"run": "run-1", "input": execution_input}, Context())
    for piece in json.loads(s3().get_object(Bucket="bulk", Key=work["plan_key"])["Body"].read()):
        write.lambda_handler({**work, "piece": piece}, Context())
    caught = {"Error": "States.Timeout", "Cause": "{}"}
    finish.lambda_handler({"run": "run-1", "input": {**execution_input, "work": work, "caught": caught}}, Context())
    finish.lambda_handler(work, Context())
    assert (imports.read(job_id)["status"], registries(gateway)) == ("failed", [])


def test_other_changes_of_the_account_keep_its_registries(imports, gateway):  # noqa: F811
    completed(imports)
    expected = registries(gateway)
    gateway.call("operator", "PUT", "/accounts/acme", {"name": "Acme Inc."})
    gateway.call("admin", "PATCH", "/accounts/acme", {"blocked_prefixes": ["+1900"], "note": "x"})
    assert registries(gateway) == expected
    completed(imports, b"+16045550100\n")
    account = gateway.call("manager", "GET", "/accounts/acme").body
    assert (account["name"], account["blocked_prefixes"]) == ("Acme Inc.", ["+1900"])
    rows = clients.client("dynamodb").scan(TableName="accounts")["Items"]
    assert [row["account_id"]["S"] for row in rows if "registry_imports" in row] == ["acme"], "not in the directory"


@pytest.mark.parametrize(
    ("ages", "reported", "warned"), [([24, 3], 24, False), ([25], 25, True), ([91, 2], 2, False), ([91], None, False)]
)
def test_the_nightly_export_reports_the_oldest_registry(gateway, capsys, caplog, ages, reported, warned):
    stored = {day(ago): {"L": [{"S": f"+1{201 + i}"}]} for i, ago in enumerate(ages)}
    clients.client("dynamodb").update_item(
        TableName="accounts",
        Key={"account_id": {"S": "acme"}, "record": {"S": "profile"}},
        UpdateExpression="SET registry_imports = :imports",
        ExpressionAttributeValues={":imports": {"M": stored}},
    )
    step = gateway.modules["export_account.step"]
    for kind in ("numbers", "audit"):
        order = {"account_id": "acme", "kind": kind, "scheduled_at": times.text(times.now())}
        assert step.lambda_handler({"order": order}, Context())["done"]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [line["RegistryAgeDays"] for line in lines if "RegistryAgeDays" in line] == ([reported] if reported else [])
    assert ("a registry was last imported long ago" in caplog.messages) == warned
