"""The build step of `sam build`: each function with only what it uses, compiled ahead.

These modules use only the standard library and pip, so any Python 3.13 can run them.
"""
