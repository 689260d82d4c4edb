"""Accounts, keys and roles: who may do what.

May import: aws, phone and the ground.
Begin with `access` (roles and routes), then `store` (the accounts table).
"""
