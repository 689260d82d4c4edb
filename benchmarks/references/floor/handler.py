"""The floor: a function that does nothing. What it takes, Python and Lambda's own client take."""


def lambda_handler(event: object, _context: object) -> object:
    """Give back what came."""
    return event
