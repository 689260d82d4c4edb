"""The names of an import's plan and pieces, in a module of their own so that workers do not load the planner."""

PLAN = "plan.json"


def piece_name(number: int) -> str:
    """Return the name of a piece's file."""
    return f"pieces/{number:06}.jsonl"
