"""The contents of a deployed stack, from the transformed templates: limits, protection, names, partitions, rollout."""

import json
import re
from functools import cache

import pytest
import yaml

from dnc.bulk.turns import LONGEST_WAIT
from infra import templates
from tests.support.cloudformation import PSEUDO, RuleBroken, deployed

PROD = {"Profile": "prod", "AlarmTopicArn": "arn:aws:sns:eu-central-1:123456789012:alarms", "ApiAccessLogs": "true"}
WORKERS = {
    *("PlanImportFunction", "WriteImportFunction", "FinishImportFunction"),
    *("PlanScrubFunction", "ReadListFunction", "CheckLeadsFunction", "FinishScrubFunction"),
    *("WriteExportFunction", "BeginNightFunction", "SweepAccountsFunction"),
}
LIVE = {
    *("CheckNumbersFunction", "CheckNumbersApiFunction", "AuthorizeFunction"),
    *("AddNumberFunction", "RemoveNumberFunction"),
}
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"


@cache
def stack(**parameters):
    return deployed(**{**PROD, **parameters})


def reserved(**parameters):
    functions = stack(**parameters).every("AWS::Lambda::Function")
    return {
        name: int(properties["ReservedConcurrentExecutions"])
        for name, properties in functions.items()
        if "ReservedConcurrentExecutions" in properties
    }


def definitions(one):
    """Return the definition of each state machine, with its substitutions."""
    found = {}
    for name, properties in one.every("AWS::StepFunctions::StateMachine").items():
        text = properties["DefinitionString"]
        for key, value in properties["DefinitionSubstitutions"].items():
            text = text.replace(f"${{{key}}}", str(value))
        found[name] = json.loads(text)
    return found


def states(definition):
    for name, state in definition["States"].items():
        yield name, state
        if state["Type"] == "Map":
            yield from states(state["ItemProcessor"])


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({**PROD, "AlarmTopicArn": ""}, "AlarmTopicArn"),
        ({**PROD, "ApiAccessLogs": "false"}, "ApiAccessLogs"),
        ({"OidcIssuer": "https://id.example"}, "OidcAudience"),
        ({"RestoredNumbersTable": "restored"}, "RestoredNumbersStreamArn"),
        ({"RestoredAccountsTable": "restored"}, "RestoredAccountsStreamArn"),
        ({"MonthlyBudgetDollars": 100}, "AlarmTopicArn"),
    ],
)
def test_a_stack_that_would_fail_unnoticed_is_refused(parameters, why):
    with pytest.raises(RuleBroken, match=f"set {why}"):
        deployed(**parameters)


def test_concurrency_is_not_limited_by_default():
    assert reserved() == {}


def test_checks_the_authorizer_and_the_audit_have_their_own_reservations():
    limits = {"CheckConcurrency": 300, "CheckApiConcurrency": 50, "AuthorizeConcurrency": 60, "AuditConcurrency": 40}
    assert reserved(**limits) == {
        "CheckNumbersFunction": 300,
        "CheckNumbersApiFunction": 50,
        "AuthorizeFunction": 60,
        "AuditChangesFunction": 40,
    }


def test_the_other_functions_of_the_api_share_one_parameter():
    limited = reserved(ApiConcurrency=20)
    assert set(limited.values()) == {20}
    everything = set(stack().every("AWS::Lambda::Function"))
    own = {"CheckNumbersFunction", "CheckNumbersApiFunction", "AuthorizeFunction", "AuditChangesFunction"}
    assert set(limited) == everything - WORKERS - own


@pytest.mark.parametrize("most", templates.parent()["Parameters"]["WorkerConcurrency"]["AllowedValues"])
def test_the_limits_of_the_workers_add_up_to_the_parameter(most):
    limited = reserved(WorkerConcurrency=most)
    assert set(limited) == (WORKERS if most != "0" else set())
    assert sum(limited.values()) == int(most)
    assert all(limited.values())


def test_provisioned_concurrency_and_snapstart_are_behind_the_alias_that_dialers_invoke():
    alias = stack(CheckStart="provisioned", CheckProvisioned=7).resource("CheckNumbersFunctionAliaslive")["Properties"]
    assert alias["ProvisionedConcurrencyConfig"] == {"ProvisionedConcurrentExecutions": 7}
    for start, applied in (("snapstart", "PublishedVersions"), ("on-demand", "None"), ("provisioned", "None")):
        function = stack(CheckStart=start).resource("CheckNumbersFunction")["Properties"]
        assert function["SnapStart"]["ApplyOn"] == applied
    assert stack().outputs["CheckFunctionArn"] == "<CheckNumbersFunctionAliaslive>"
    plain = stack().resource("CheckNumbersFunctionAliaslive")["Properties"]
    assert "ProvisionedConcurrencyConfig" not in plain


def test_canaries_roll_back_on_an_alarm_of_this_stack_and_are_off_by_default():
    assert not stack().every("AWS::CodeDeploy::DeploymentGroup")
    gradual = stack(GradualDeployments="true")
    groups = gradual.every("AWS::CodeDeploy::DeploymentGroup")
    assert {name.removesuffix("DeploymentGroup") for name in groups} == LIVE
    alarms = {properties["AlarmName"] for properties in gradual.every("AWS::CloudWatch::Alarm").values()}
    for group in groups.values():
        assert {alarm["Name"] for alarm in group["AlarmConfiguration"]["Alarms"]} <= alarms
        assert group["AutoRollbackConfiguration"]["Enabled"] is True
        assert group["ServiceRoleArn"] == "<DeploymentRole.Arn>"


def test_the_api_invokes_the_alias_of_each_function_that_has_one():
    body = json.dumps(stack().resource("Api")["Properties"]["Body"])
    for function in LIVE - {"CheckNumbersFunction"}:
        assert f"{function}Aliaslive" in body
        assert f"{function}.Arn" not in body


def test_data_survives_a_deleted_stack_but_not_a_failed_first_deploy():
    one = stack()
    for kind in ("AWS::DynamoDB::Table", "AWS::S3::Bucket"):
        for name in one.every(kind):
            resource = one.resource(name)
            assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
            assert resource["UpdateReplacePolicy"] == "Retain", name
    assert all(table["DeletionProtectionEnabled"] for table in one.every("AWS::DynamoDB::Table").values())
    first = stack(DeletionProtection="false")
    assert not any(table["DeletionProtectionEnabled"] for table in first.every("AWS::DynamoDB::Table").values())


def test_a_customer_managed_key_encrypts_everything_that_is_stored():
    for key in ("", KEY):
        one = stack(KmsKeyArn=key)
        used = [t["SSESpecification"].get("KMSMasterKeyId", "") for t in one.every("AWS::DynamoDB::Table").values()]
        used += [group.get("KmsKeyId", "") for group in one.every("AWS::Logs::LogGroup").values()]
        used += [function.get("KmsKeyArn", "") for function in one.every("AWS::Lambda::Function").values()]
        for bucket in one.every("AWS::S3::Bucket").values():
            [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
            used.append(rule["ServerSideEncryptionByDefault"].get("KMSMasterKeyID", ""))
        assert set(used) == {key}


def test_every_function_logs_in_json_to_its_own_group_and_without_a_line_for_each_invocation():
    groups = stack().every("AWS::Logs::LogGroup")
    seen = set()
    for name, function in stack().every("AWS::Lambda::Function").items():
        logging = function["LoggingConfig"]
        assert (logging["LogFormat"], logging["SystemLogLevel"], logging["ApplicationLogLevel"]) == (
            "JSON", "WARN", "INFO",
        ), name  # fmt: skip
        seen.add(logging["LogGroup"].strip("<>"))
        assert groups[logging["LogGroup"].strip("<>")]["RetentionInDays"] == 90
    assert len(seen) == len(stack().every("AWS::Lambda::Function"))


@pytest.mark.parametrize(
    ("partition", "region", "suffix"),
    [
        ("aws-us-gov", "us-gov-west-1", "amazonaws.com"),
        ("aws-cn", "cn-north-1", "amazonaws.com.cn"),
        ("aws-iso", "us-iso-east-1", "c2s.ic.gov"),
        ("aws-eusc", "eusc-de-east-1", "amazonaws.eu"),
    ],
)
def test_no_names_of_another_partition_remain(partition, region, suffix):
    one = deployed(
        {"AWS::Partition": partition, "AWS::Region": region, "AWS::URLSuffix": suffix},
        Profile="default",
        BackupRetentionDays=30,
        Tracing="true",
        GradualDeployments="true",
    )
    text = json.dumps(
        [one.resources, one.outputs, definitions(one), *(child.resources for child in one.children.values())]
    )
    # SAM generates ARNs for the partition of the Region in which it runs.
    assert not re.findall(r"arn:aws:[a-z]+", text)
    assert "eu-central-1" not in text
    if not suffix.endswith("amazonaws.com"):
        hosts = set(re.findall(r"https://[\w.<>*-]+", text))
        assert all(host.endswith(suffix) for host in hosts if "execute-api" in host or ".s3." in host)


def test_names_fit_a_stack_name_of_64_characters():
    long = "n" * 64
    one = deployed({"AWS::StackName": long}, **PROD)
    limits = {
        "AWS::StepFunctions::StateMachine": ("StateMachineName", 80),
        "AWS::Scheduler::Schedule": ("Name", 64),
        "AWS::Scheduler::ScheduleGroup": ("Name", 64),
        "AWS::CloudWatch::Alarm": ("AlarmName", 255),
        "AWS::CloudWatch::Dashboard": ("DashboardName", 255),
        "AWS::Events::EventBus": ("Name", 256),
        "AWS::Budgets::Budget": ("BudgetName", 100),
    }
    for kind, (name, most) in limits.items():
        for properties in one.every(kind).values():
            assert len(properties[name]) <= most, properties[name]


def test_two_stacks_share_no_name():
    def names(stack_name):
        one = deployed({"AWS::StackName": stack_name}, **PROD, EventArchiveDays=1, BackupRetentionDays=1)
        found = set()
        for part in (one, *one.children.values()):
            for resource in part.resources.values():
                properties = resource.get("Properties", {})
                keys = ("Name", "AlarmName", "StateMachineName", "DashboardName", "BudgetName", "BackupVaultName")
                found |= {(resource["Type"], properties[key]) for key in keys if key in properties}
        return found

    # An alias is named within its function, and a schedule within its group, which has the stack's name.
    assert {kind for kind, _ in names("nocall-a") & names("nocall-b")} <= {
        "AWS::Lambda::Alias",
        "AWS::Scheduler::Schedule",
    }


def test_every_state_machine_and_every_task_has_a_timeout():
    for name, definition in definitions(stack()).items():
        assert definition["TimeoutSeconds"] < 7 * 24 * 3600, name
        for state_name, state in states(definition):
            if state["Type"] == "Task":
                assert state["TimeoutSeconds"] <= 930, (name, state_name)


def test_a_task_waits_a_little_longer_than_its_function():
    one = stack()
    timeouts = {name: properties["Timeout"] for name, properties in one.every("AWS::Lambda::Function").items()}
    for definition in definitions(one).values():
        for _, state in states(definition):
            if state["Type"] == "Task":
                function = state["Resource"].strip("<>").removesuffix(".Arn")
                assert state["TimeoutSeconds"] == timeouts[function] + 30


@pytest.mark.parametrize("machine", ["ImportMachine", "ScrubMachine"])
def test_no_work_of_a_job_begins_before_its_turn(machine):
    found = dict(states(definitions(stack())[machine]))
    [begins] = [choice["Next"] for choice in found["AnyPieces?"]["Choices"]]
    assert begins == "TakeTurn"
    assert [found["TakeTurn"]["Next"], found["Turn?"]["Default"]] == ["Turn?", "WaitForTurn"]
    assert found["WaitForTurn"] == {"Type": "Wait", "SecondsPath": "$.turn.wait", "Next": "TakeTurn"}
    assert [c["Next"] for c in found["Turn?"]["Choices"] if c["Variable"] == "$.turn.taken"] != []


def test_a_machine_outlasts_the_longest_wait_for_a_turn():
    found = definitions(stack())
    for name in ("ImportMachine", "ScrubMachine", "ExportMachine"):
        assert found[name]["TimeoutSeconds"] - LONGEST_WAIT.total_seconds() >= 24 * 3600, name


def test_pieces_that_meet_the_limit_of_their_function_wait_for_hours():
    for name, definition in definitions(stack()).items():
        for _, state in states(definition):
            if state["Type"] == "Map" and name != "NightlyExportsMachine":
                [piece] = state["ItemProcessor"]["States"].values()
                [patient] = [r for r in piece["Retry"] if r["ErrorEquals"] == ["Lambda.TooManyRequestsException"]]
                assert patient["MaxAttempts"] * patient["MaxDelaySeconds"] > 12 * 3600


def test_the_pieces_of_an_accounts_scrubs_share_one_limit():
    for state in (state for _, state in states(definitions(stack())["ScrubMachine"]) if state["Type"] == "Map"):
        assert state["MaxConcurrencyPath"] == "$.work.concurrency"
    settings = stack(ScrubConcurrency=12, ReadingJobsPerAccount=3).every("AWS::Lambda::Function")
    environment = settings["PlanScrubFunction"]["Environment"]["Variables"]
    assert (environment["SCRUB_CONCURRENCY"], environment["READING_JOBS_PER_ACCOUNT"]) == (12, 3)


def test_no_map_state_returns_its_results():
    for name, definition in definitions(stack()).items():
        for state_name, state in states(definition):
            if state["Type"] == "Map":
                assert state["ResultWriter"]["Parameters"]["Bucket"] == "<BulkBucket>", (name, state_name)
                assert state["ResultPath"] is None


def test_a_trigger_that_fails_to_start_a_job_ends_in_a_queue():
    one = stack()
    for rule in one.every("AWS::Events::Rule").values():
        for target in rule["Targets"]:
            assert target["DeadLetterConfig"]["Arn"] == "<UndeliveredEvents.Arn>"
    for schedule in one.every("AWS::Scheduler::Schedule").values():
        assert schedule["Target"]["DeadLetterConfig"]["Arn"] == "<UndeliveredEvents.Arn>"
        assert schedule["GroupName"] == "<ScheduleGroup>"
    assert one.every("AWS::SQS::Queue")["UndeliveredEvents"]["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_the_stream_is_retried_as_long_as_it_holds_a_record():
    mappings = stack().every("AWS::Lambda::EventSourceMapping")
    assert set(mappings) == {"AuditChangesStream", "AuditAccountsStream"}
    for mapping in mappings.values():
        assert mapping["MaximumRetryAttempts"] == -1
        assert 22 * 3600 < mapping["MaximumRecordAgeInSeconds"] < 24 * 3600
        assert mapping["BisectBatchOnFunctionError"] is True
        assert mapping["MetricsConfig"] == {"Metrics": ["EventCount"]}


VALUES = {
    "RestoredNumbersTable": {"RestoredNumbersTable": "restored", "RestoredNumbersStreamArn": "a/b/c/1"},
    "RestoredNumbersStreamArn": {},
    "RestoredAccountsTable": {"RestoredAccountsTable": "restored", "RestoredAccountsStreamArn": "a/b/c/1"},
    "RestoredAccountsStreamArn": {},
    "OidcIssuer": {"OidcIssuer": "https://id.example.com", "OidcAudience": "nocall"},
    "KmsKeyArn": {"KmsKeyArn": KEY},
    "CheckStart": {"CheckStart": "snapstart"},
}
"""Parameters that need another value than one that differs from the default."""


def changed(name):
    """Return parameters with another value of one of them."""
    parameter = templates.parent()["Parameters"][name]
    if name in VALUES:
        return VALUES[name]
    allowed = [value for value in parameter.get("AllowedValues", []) if value != parameter["Default"]]
    if allowed:
        return {name: allowed[0]}
    if parameter["Type"] == "Number":
        return {name: parameter.get("MaxValue") or parameter["Default"] + 1}
    return {name: "other"}


def versions(one):
    """Return each function with an alias: what its next version would contain, and the version that is published."""
    found = {}
    for function in LIVE:
        unversioned = {"ReservedConcurrentExecutions"}
        properties = one.resource(function)["Properties"]
        [version] = [name for name in one.resources if name.startswith(f"{function}Version")]
        published = version, one.resource(version)["Properties"]["Description"]
        found[function] = {key: value for key, value in properties.items() if key not in unversioned}, published
    return found


@pytest.mark.parametrize("name", sorted(set(templates.parent()["Parameters"]) - set(PROD)))
def test_a_parameter_that_changes_a_function_behind_an_alias_publishes_a_version(name):
    before, after = versions(stack()), versions(stack(**changed(name)))
    for function in LIVE:
        (old, old_version), (new, new_version) = before[function], after[function]
        assert (old != new) == (old_version != new_version), function


def test_a_restored_table_reaches_the_versions_behind_the_aliases():
    before, after = versions(stack()), versions(stack(**VALUES["RestoredNumbersTable"]))
    assert {function for function in LIVE if before[function] != after[function]} == LIVE - {"AuthorizeFunction"}


def test_the_description_of_a_version_fits_with_long_values():
    tables = {"RestoredNumbersTable": "n" * 70, "RestoredNumbersStreamArn": "a/b/c/1"}
    tables |= {"RestoredAccountsTable": "a" * 70, "RestoredAccountsStreamArn": "a/b/c/1"}
    oidc = {"OidcIssuer": f"https://login.microsoftonline.com/{'0' * 36}/v2.0", "OidcAudience": f"api://{'0' * 36}"}
    for _, (_, description) in versions(stack(**tables, **oidc, CheckStart="snapstart")).values():
        assert len(description) <= 256


def test_restored_tables_are_used_everywhere():
    restored = {
        "RestoredNumbersTable": "numbers-restored",
        "RestoredNumbersStreamArn": "arn:aws:dynamodb:eu-central-1:1:table/numbers-restored/stream/1",
        "RestoredAuditTable": "audit-restored",
        "RestoredAccountsTable": "accounts-restored",
        "RestoredAccountsStreamArn": "arn:aws:dynamodb:eu-central-1:1:table/accounts-restored/stream/1",
    }
    one = stack(**restored)
    for part in (one, *one.children.values()):
        for name, resource in part.resources.items():
            if resource["Type"] in {"AWS::CloudFormation::Stack", "AWS::DynamoDB::Table"} or name == "Tables":
                continue
            assert not re.search(r"<(Numbers|Audit|Accounts)Table[.>]", json.dumps(resource)), name
    mappings = one.every("AWS::Lambda::EventSourceMapping")
    assert mappings["AuditChangesStream"]["EventSourceArn"] == restored["RestoredNumbersStreamArn"]
    assert mappings["AuditAccountsStream"]["EventSourceArn"] == restored["RestoredAccountsStreamArn"]
    variables = one.resource("AddNumberFunction")["Properties"]["Environment"]["Variables"]
    assert variables["NUMBERS_TABLE"] == "numbers-restored"
    assert "table/numbers-restored" in json.dumps(one.resource("AddNumberRole"))
    assert set(one.every("AWS::DynamoDB::Table")) == {"NumbersTable", "AuditTable", "AccountsTable"}


def test_backups_cover_the_tables_in_use():
    assert not stack().every("AWS::Backup::BackupPlan")
    one = stack(BackupRetentionDays=35, RestoredAuditTable="audit-restored")
    selected = one.every("AWS::Backup::BackupSelection")["BackupSelection"]["BackupSelection"]["Resources"]
    assert [arn.rpartition("/")[2] for arn in selected] == ["<NumbersTable>", "audit-restored", "<AccountsTable>"]


def test_the_failed_records_bucket_never_deletes_its_objects():
    rules = stack().every("AWS::S3::Bucket")["FailedRecordsBucket"]["LifecycleConfiguration"]["Rules"]
    assert all("ExpirationInDays" not in rule for rule in rules)


def test_signed_urls_allow_only_the_consoles_origin():
    [rule] = stack().every("AWS::S3::Bucket")["BulkBucket"]["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == ["https://*.execute-api.eu-central-1.amazonaws.com"]
    own = stack(ConsoleOrigins="https://dnc.example,https://ops.example")
    [rule] = own.every("AWS::S3::Bucket")["BulkBucket"]["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == ["https://dnc.example", "https://ops.example"]


def test_checks_and_public_routes_have_their_own_throttles():
    settings = stack(ChecksPerSecond=900, PublicRequestsPerSecond=7).resource("Apiv1Stage")["Properties"][
        "MethodSettings"
    ]
    rates = {setting["ResourcePath"]: setting["ThrottlingRateLimit"] for setting in settings}
    assert rates["/accounts/{account_id}/checks"] == 900
    public = {path for path, rate in rates.items() if rate == 7}
    assert public == {"/console", "/console/{proxy+}"}
    assert rates["/*"] == 2000


def test_tracing_reaches_every_function_and_machine():
    for tracing, mode in (("false", "PassThrough"), ("true", "Active")):
        one = stack(Tracing=tracing)
        assert {f["TracingConfig"]["Mode"] for f in one.every("AWS::Lambda::Function").values()} == {mode}
        machines = one.every("AWS::StepFunctions::StateMachine").values()
        assert {m["TracingConfiguration"]["Enabled"] for m in machines} == {tracing == "true"}
    allowed = {role.strip("<>") for part in (one, *one.children.values()) for role in _roles_of_tracing(part)}
    needed = {f["Role"].strip("<>").removesuffix(".Arn") for f in one.every("AWS::Lambda::Function").values()}
    assert needed <= allowed


def _roles_of_tracing(part):
    return part.resources.get("TracingPolicy", {}).get("Properties", {}).get("Roles", [])


def test_the_stack_is_a_setting_of_every_function():
    for function in stack().every("AWS::Lambda::Function").values():
        assert function["Environment"]["Variables"]["STACK_NAME"] == PSEUDO["AWS::StackName"]


def test_checkov_reads_every_template():
    config = yaml.safe_load((templates.ROOT / ".checkov.yaml").read_text())
    assert config["file"] == ["template.yaml", *(f"infra/{name}.yaml" for name in templates.NESTED.values())]


def test_a_web_acl_is_a_parameter_and_guards_the_stage():
    assert not stack().every("AWS::WAFv2::WebACL")
    one = stack(RequestsPerIp=500)
    [acl] = one.every("AWS::WAFv2::WebACL").values()
    [rule] = acl["Rules"]
    assert rule["Statement"]["RateBasedStatement"]["Limit"] == 500
    [association] = one.every("AWS::WAFv2::WebACLAssociation").values()
    assert association["ResourceArn"].endswith("/restapis/<Api>/stages/<Apiv1Stage>")


def test_every_kind_of_gateway_response_is_defined():
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html."""
    kinds = {
        *("ACCESS_DENIED", "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE"),
        *("BAD_REQUEST_PARAMETERS", "BAD_REQUEST_BODY", "DEFAULT_4XX", "DEFAULT_5XX", "EXPIRED_TOKEN"),
        *("INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "INVALID_API_KEY", "INVALID_SIGNATURE"),
        *("MISSING_AUTHENTICATION_TOKEN", "QUOTA_EXCEEDED", "REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND", "THROTTLED"),
        *("UNAUTHORIZED", "UNSUPPORTED_MEDIA_TYPE", "WAF_FILTERED"),
    }
    responses = stack().resource("Api")["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]
    assert set(responses) == kinds
    statuses = {kind: response["statusCode"] for kind, response in responses.items()}
    assert (statuses["WAF_FILTERED"], statuses["INVALID_SIGNATURE"], statuses["EXPIRED_TOKEN"]) == ("429", "401", "401")
    for kind, response in responses.items():
        headers = response["responseParameters"]
        assert ("gatewayresponse.header.WWW-Authenticate" in headers) == (response["statusCode"] == "401"), kind
        assert ("gatewayresponse.header.Retry-After" in headers) == (response["statusCode"] in {"429", "503"}), kind
