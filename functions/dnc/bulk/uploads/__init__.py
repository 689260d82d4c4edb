"""From the bytes of an uploaded file to rows and columns.

May import: nothing else of bulk but `job`.
Begin with `source` (compression, archives, encodings), then `parse` (rows) and `columns` (what each column means).
"""
