"""Why an uploaded file is not read."""


class FileRefused(Exception):
    """A file that cannot be read as a whole. The message says why and what to do, and has nothing of the file in it."""
