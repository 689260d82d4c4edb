"""The error of a file that is not read."""


class FileRefused(Exception):
    """A file that cannot be read at all. The message says why and what to do, and quotes nothing from the file."""
