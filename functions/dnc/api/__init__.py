"""The HTTP API of the domain: routes, request models, and the views of entries and jobs.

May import: every other package of dnc. Only this package knows pydantic.
Begin with `http`, then `number_requests` and `entry_view`.
"""
