"""From any written form of a phone number to E.164.

May import: only the ground (problems, times, settings).
Begin with `reader`: its fast path for plain North American numbers, and the library for everything else.
"""
