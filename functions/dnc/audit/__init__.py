"""The record of every change: stream records, the hash chain, and reading it back.

May import: entries, accounts, logs, aws, phone and the ground.
Begin with `changes` (what a stream record says), then `chain` (how a history is proved) and `writer`.
"""
