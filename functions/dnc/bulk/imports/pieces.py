"""The names of an import's plan and pieces. They are separate so that workers do not load the planner."""

PLAN = "plan.json"


def piece_name(number: int) -> str:
    """Return the name of a piece's file."""
    return f"pieces/{number:06}.jsonl"


def undo_folder(attempt: int) -> str:
    """Return the folder with the results of an undo. `attempt`: 1 for the first undo of an import."""
    return f"undo-{attempt}/"
