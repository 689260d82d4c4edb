"""Imports: a file of numbers becomes entries, in pieces that may be repeated.

May import: bulk's jobs, files and uploads, and everything below bulk.
Begin with `plan` (pieces), then `request` (what a row asks for) and `piece` (writing it).
"""
