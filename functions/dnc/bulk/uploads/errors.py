"""The error for a file that cannot be read."""


class FileRefused(Exception):
    """A file that cannot be read at all. The message says why and what to do, and quotes nothing from the file."""
