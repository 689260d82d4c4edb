"""The names of an import's plan and pieces, apart from the planning: the workers do without its libraries."""

PLAN = "plan.json"


def piece_name(number: int) -> str:
    """Return the name of a piece's file."""
    return f"pieces/{number:06}.jsonl"
