"""The host of a service in every Region that botocore knows."""

import json
import re
from pathlib import Path

import botocore
import pytest

from dnc.aws import endpoints
from dnc.aws.dynamodb import DynamoDB
from dnc.aws.presigned import Presigner

PARTITIONS = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_text())["partitions"]
KEYS = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.mark.parametrize("partition", PARTITIONS, ids=lambda partition: partition["id"])
def test_every_region_has_its_partitions_suffix(partition):
    regions = [name for name in partition["regions"] if re.match(partition["regionRegex"], name)]
    assert regions
    for region in regions:
        suffix = partition["outputs"]["dnsSuffix"]
        assert endpoints.suffix(region) == suffix
        assert endpoints.url("dynamodb", "X", {"AWS_REGION": region}) == f"https://dynamodb.{region}.{suffix}"
        assert f".{suffix}/" in Presigner("bucket", {**KEYS, "AWS_REGION": region}).url("GET", "key", 60)


@pytest.mark.parametrize("name", ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
def test_fips_and_dual_stack_endpoints_must_be_set_as_urls(name):
    environment = {**KEYS, "AWS_REGION": "us-gov-west-1", name: "true"}
    with pytest.raises(ValueError, match=f"{name}.*AWS_ENDPOINT_URL_DYNAMODB"):
        DynamoDB.from_env(environment)
    with pytest.raises(ValueError, match=f"{name}.*AWS_ENDPOINT_URL_S3"):
        Presigner("bucket", environment)
    own = {**environment, "AWS_ENDPOINT_URL_DYNAMODB": "https://dynamodb.us-gov-west-1.amazonaws.com"}
    assert DynamoDB.from_env(own)
