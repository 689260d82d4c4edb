"""EventBridge and Step Functions through the service's own client, compared with boto3 on the same moto."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from dnc.aws import clients
from dnc.aws.errors import AwsError
from tests.support.gateway import BUS

ENTRY = {"EventBusName": BUS, "Source": "nocall", "DetailType": "NumberListed", "Detail": json.dumps({"number": "é"})}


@pytest.fixture
def machine(environment):
    role = "arn:aws:iam::123456789012:role/r"
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 600, "End": True}}})
    machine = boto3.client("stepfunctions").create_state_machine(name="m", definition=definition, roleArn=role)
    return machine["stateMachineArn"]


def test_events_reach_the_rules_of_the_bus(dynamodb):
    queue = boto3.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:q"
    events = boto3.client("events")
    events.put_rule(Name="r", EventBusName=BUS, EventPattern=json.dumps({"source": ["nocall"]}))
    events.put_targets(Rule="r", EventBusName=BUS, Targets=[{"Id": "1", "Arn": arn}])
    response = clients.event_bridge().put_events(Entries=[ENTRY])
    assert [sorted(entry) for entry in response["Entries"]] == [["EventId"]]
    [message] = boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["detail"] == {"number": "é"}


def test_a_refused_entry_is_reported_as_by_boto3(dynamodb):
    wrong = {**ENTRY, "Detail": "no json"}
    ours, theirs = (client.put_events(Entries=[wrong]) for client in (clients.event_bridge(), boto3.client("events")))
    assert ours["Entries"][0]["ErrorCode"] == theirs["Entries"][0]["ErrorCode"]


def test_an_execution_starts_only_once_under_its_name(machine):
    execution = {"stateMachineArn": machine, "name": "n"}
    ours = clients.step_functions().start_execution(**execution, input="{}")
    assert ours["executionArn"].endswith(":n")
    with pytest.raises(AwsError) as refused:
        clients.step_functions().start_execution(**execution, input='{"other": 1}')
    with pytest.raises(ClientError) as theirs:
        boto3.client("stepfunctions").start_execution(**execution, input='{"other": 1}')
    assert refused.value.code == theirs.value.response["Error"]["Code"] == "ExecutionAlreadyExists"
