"""How `sam build` makes what ships: each function with what it uses and nothing else, compiled ahead.

These modules use the standard library and pip alone, so that any Python 3.13 can run them.
"""
