"""Reading uploaded files: from bytes to rows and columns.

May import: of bulk only `job`, and everything below bulk.
Begin with `source` (compression, archives, encodings), then `parse` (rows) and `columns` (what each column means).
"""
