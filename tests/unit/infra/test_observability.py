"""Alarms, dashboard and budget: every metric is one that its service documents; every alarm is in the runbook."""

import json
import re
from functools import cache

import pytest

from infra.templates import ROOT
from tests.support.cloudformation import STACK, deployed

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
_LAMBDA = {"FunctionName"}
_MAPPING = {"EventSourceMappingUUID"}
_MACHINE = {"StateMachineArn"}
_API = {"ApiName", "Stage"}
# The services' metrics and the dimensions under which they are stored.
DOCUMENTED = {
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    "AWS/Lambda": {
        "Invocations": [_LAMBDA],
        "Errors": [_LAMBDA],
        "Throttles": [_LAMBDA],
        "Duration": [_LAMBDA],
        "IteratorAge": [_LAMBDA],
        "PolledEventCount": [_MAPPING],
        "OnFailureDestinationDeliveredEventCount": [_MAPPING],
        "DroppedEventCount": [_MAPPING],
    },
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    "AWS/ApiGateway": {"Count": [_API], "4XXError": [_API], "5XXError": [_API], "Latency": [_API]},
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    "AWS/DynamoDB": {
        "ConsumedReadCapacityUnits": [{"TableName"}, {"TableName", "GlobalSecondaryIndexName"}],
        "ConsumedWriteCapacityUnits": [{"TableName"}, {"TableName", "GlobalSecondaryIndexName"}],
        "ReadThrottleEvents": [{"TableName"}, {"TableName", "GlobalSecondaryIndexName"}],
        "WriteThrottleEvents": [{"TableName"}, {"TableName", "GlobalSecondaryIndexName"}],
        "SystemErrors": [{"TableName", "Operation"}],
    },
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible": [{"QueueName"}]},
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    "AWS/Events": {"InvocationsFailedToBeSentToDlq": [{"RuleName"}]},
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
    "AWS/Scheduler": {
        "InvocationDroppedCount": [{"ScheduleGroup"}],
        "InvocationsFailedToBeSentToDeadLetterCount": [{"ScheduleGroup"}],
    },
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    "AWS/States": {
        "ExecutionsStarted": [_MACHINE],
        "ExecutionsSucceeded": [_MACHINE],
        "ExecutionsFailed": [_MACHINE],
        "ExecutionsTimedOut": [_MACHINE],
        "ExecutionsAborted": [_MACHINE],
    },
}
# The dimension `Operation` of SystemErrors has these values, as the same page says.
OPERATIONS = {
    *("PutItem", "DeleteItem", "UpdateItem", "GetItem", "BatchGetItem", "Scan", "Query", "BatchWriteItem"),
    *("TransactGetItems", "TransactWriteItems", "ExecuteTransaction", "BatchExecuteStatement", "ExecuteStatement"),
    "GetRecords",
}


@cache
def stack(**parameters):
    return deployed(Profile="prod", AlarmTopicArn=TOPIC, ApiAccessLogs="true", **parameters)


ALARMS = stack().every("AWS::CloudWatch::Alarm")
COMPOSITES = stack().every("AWS::CloudWatch::CompositeAlarm")


def metrics_of(alarm):
    """Return each metric of an alarm: namespace, name and dimensions."""
    if "MetricName" in alarm:
        return [(alarm["Namespace"], alarm["MetricName"], pairs(alarm["Dimensions"]))]
    metrics = [metric["MetricStat"]["Metric"] for metric in alarm["Metrics"] if "MetricStat" in metric]
    return [(metric["Namespace"], metric["MetricName"], pairs(metric["Dimensions"])) for metric in metrics]


def pairs(dimensions):
    return {dimension["Name"]: dimension["Value"] for dimension in dimensions}


def own_metrics():
    """Return the names of the metrics that the functions count, with the dimensions besides the stack."""
    found = {}
    for file in (ROOT / "functions").rglob("*.py"):
        for name, rest in re.findall(r'(?:metrics\.count|_count)\("(\w+)"((?:, \w+=[^,)]+)*)', file.read_text()):
            found[name] = set(re.findall(r"(\w+)=", rest))
    return found


def assert_documented(namespace, name, dimensions):
    if namespace == "Nocall":
        assert dimensions.pop("stack") == STACK
        assert set(dimensions) in (set(), own_metrics()[name])
        return
    assert set(dimensions) in DOCUMENTED[namespace][name], (namespace, name)
    if "Operation" in dimensions:
        assert dimensions["Operation"] in OPERATIONS


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_an_alarm_watches_metrics_that_exist(name):
    for namespace, metric, dimensions in metrics_of(ALARMS[name]):
        assert_documented(namespace, metric, dict(dimensions))


@pytest.mark.parametrize("name", sorted({**ALARMS, **COMPOSITES}))
def test_an_alarm_is_named_after_its_stack_and_notifies_the_topic(name):
    alarm = {**ALARMS, **COMPOSITES}[name]
    assert alarm["AlarmName"].startswith(f"{STACK}-")
    assert alarm["AlarmActions"] == [TOPIC]
    without = deployed().every("AWS::CloudWatch::Alarm")
    assert all(one["AlarmActions"] == [] for one in without.values())


@pytest.mark.parametrize("name", sorted({**ALARMS, **COMPOSITES}))
def test_an_alarm_has_its_section_in_the_runbook(name):
    [title] = re.findall(rf"^## {name}: (.+)$", RUNBOOK, re.MULTILINE)
    section = RUNBOOK.partition(f"## {name}: ")[2].partition("\n## ")[0]
    assert title
    assert len(section.split()) > 25, f"say what {name} means and what to do"


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_the_math_of_an_alarm_uses_each_of_its_metrics(name):
    alarm = ALARMS[name]
    if "Metrics" not in alarm:
        assert "Statistic" in alarm or "ExtendedStatistic" in alarm
        return
    [value] = [metric for metric in alarm["Metrics"] if "Expression" in metric]
    ids = {metric["Id"] for metric in alarm["Metrics"]} - {value["Id"]}
    used = set(re.findall(r"[a-z]\w*", value["Expression"]))
    assert used == ids
    assert len(ids) <= 10, "an alarm may have ten metrics"
    periods = {metric["MetricStat"]["Period"] for metric in alarm["Metrics"] if "MetricStat" in metric}
    assert len(periods) == 1
    assert all(metric["ReturnData"] is False for metric in alarm["Metrics"] if metric is not value)


def test_every_own_metric_has_an_alarm():
    watched = {
        metric for alarm in ALARMS.values() for namespace, metric, _ in metrics_of(alarm) if namespace == "Nocall"
    }
    assert watched == set(own_metrics())


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_an_alarm_evaluates_at_most_a_week(name):
    alarm = ALARMS[name]
    period = alarm.get("Period") or next(m["MetricStat"]["Period"] for m in alarm["Metrics"] if "MetricStat" in m)
    most = 7 * 24 * 3600 if period >= 3600 else 24 * 3600
    assert period * alarm["EvaluationPeriods"] <= most
    assert alarm.get("DatapointsToAlarm", 1) <= alarm["EvaluationPeriods"]


def test_a_caller_that_sends_bad_requests_triggers_no_alarm_about_checks():
    [value] = [metric for metric in ALARMS["CheckCrashesAlarm"]["Metrics"] if "Expression" in metric]
    refused, unavailable, crashed = 40, 7, 2
    values = {"errors": refused + unavailable + crashed, "refused": refused, "unavailable": unavailable}
    expression = re.sub(r"FILL\((\w+), 0\)", lambda match: str(values[match[1]]), value["Expression"])
    assert eval(expression) == crashed
    assert "Errors" not in {metric for _, metric, _ in metrics_of(ALARMS["ChecksUnavailableAlarm"])}


def test_composite_alarms_name_alarms_of_this_stack():
    for name, composite in COMPOSITES.items():
        members = re.findall(r'ALARM\("<(\w+)>"\)', composite["AlarmRule"])
        assert len(members) > 5, name
        assert set(members) <= set(ALARMS)
        assert re.fullmatch(r'ALARM\("[^"]+"\)( OR ALARM\("[^"]+"\))*', composite["AlarmRule"].strip())


def test_the_dashboard_answers_four_questions_in_order_with_metrics_that_exist():
    [dashboard] = stack().every("AWS::CloudWatch::Dashboard").values()
    widgets = json.loads(dashboard["DashboardBody"])["widgets"]
    questions = [widget["properties"]["markdown"] for widget in widgets if widget["type"] == "text"]
    assert questions == [
        f"## {q}?" for q in ("Are we blocking", "Are we recording", "Are we exporting", "What does it cost")
    ]
    places = [(widget["y"], widget["x"]) for widget in widgets]
    assert places == sorted(places)
    for widget in widgets:
        for metric in widget["properties"].get("metrics", []):
            if isinstance(metric[0], dict):
                continue
            namespace, name, *rest = [part for part in metric if isinstance(part, str)]
            assert_documented(namespace, name, dict(zip(rest[::2], rest[1::2], strict=True)))


def test_a_budget_notifies_the_topic_before_and_when_it_is_exceeded():
    assert not stack().every("AWS::Budgets::Budget")
    [budget] = stack(MonthlyBudgetDollars=250).every("AWS::Budgets::Budget").values()
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 250, "Unit": "USD"}
    subscribers = [one for part in budget["NotificationsWithSubscribers"] for one in part["Subscribers"]]
    assert {subscriber["Address"] for subscriber in subscribers} == {TOPIC}


def test_the_local_stack_leaves_out_resources_that_the_emulator_does_not_support():
    local = deployed(Profile="local")
    kinds = {resource["Type"] for part in (local, *local.children.values()) for resource in part.resources.values()}
    assert not {
        kind for kind in kinds if kind.startswith(("AWS::CodeDeploy", "AWS::Budgets", "AWS::CloudWatch::Composite"))
    }
