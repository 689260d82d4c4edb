"""Phone numbers: from any written form to E.164, and from E.164 to what people read.

May import: only the ground (problems, times, settings).
Begin with `reader`: its fast path for plain North American numbers, and libphonenumber's rules for everything else.
"""
