"""Imports: a file of numbers becomes entries, in pieces that can be repeated.

May import: bulk's jobs, files and uploads, and everything below bulk.
Begin with `plan` (pieces), then `request` (what a row requests) and `piece` (writing it).
"""
