"""Exports: the list or the audit as files, with a chain of manifests.

May import: bulk's jobs, files and uploads, and everything below bulk.
Begin with `run`. `format` writes the rows, and `manifest` proves the files.
"""
