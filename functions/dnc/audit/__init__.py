"""The record of every change: stream records, the hash chain, and what is read back from it.

May import: entries, accounts, logs, aws, phone and the ground.
Begin with `changes` (what a stream record says), then `chain` (how an event is proved) and `writer`.
"""
