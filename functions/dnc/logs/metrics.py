"""Metrics as log lines in CloudWatch's embedded metric format. Every metric carries the stack as a dimension.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import os
import sys
import time

NAMESPACE = "Nocall"


def count(name: str, value: int = 1, **dimensions: str) -> None:
    """Add to a count. With further dimensions, it counts for the stack, and again for the stack with them."""
    sets = [["stack"], ["stack", *dimensions]] if dimensions else [["stack"]]
    line = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {"Namespace": NAMESPACE, "Dimensions": sets, "Metrics": [{"Name": name, "Unit": "Count"}]}
            ],
        },
        "stack": os.environ.get("STACK_NAME", "nocall"),
        **dimensions,
        name: value,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
