"""Clients for AWS services, their errors and their wire format.

May import: only the ground (problems, times, settings). No other package knows botocore.
Begin with `clients`, then `call` for how one request is signed, sent and retried.
"""
