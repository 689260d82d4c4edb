"""Clients for AWS services, their errors and their wire format.

May import: phone's floor and below (problems, times, settings). Only this package knows botocore.
Begin with `clients`, then `call` for how one request is signed, sent and retried.
"""
