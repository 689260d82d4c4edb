"""The entries of a list: what one holds, how requests merge into it, why it may be removed, and where it is stored.

May import: aws, phone and the ground.
Begin with `entry` (values and rules), then `store` (the numbers table).
"""
