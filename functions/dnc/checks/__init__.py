"""The hot path: which numbers may be called.

May import: entries, accounts, logs, aws, phone and the ground, and no library.
Begin with `check`; `payload` reads the event of a direct Invoke.
"""
