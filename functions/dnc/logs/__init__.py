"""Log lines without phone numbers or names.

May import: aws, phone and the ground.
Begin with `logger`; `plain` is its lightweight substitute on the check's path.
"""
