"""Writes the files that are generated from code, and finds those that have drifted."""
