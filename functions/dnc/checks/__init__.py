"""The hot path: whether numbers may be called.

May import: entries, accounts, logs, aws, phone and the ground, and no library.
Begin with `check`; `payload` reads what a direct Invoke sends.
"""
