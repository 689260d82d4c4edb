"""Logging without a phone number or a name: ids and masked numbers only."""

from aws_lambda_powertools import Logger

from dnc.failures import failure

__all__ = ["failure", "logger"]

logger = Logger(service="nocall")
