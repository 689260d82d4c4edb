"""`make mutants`: remove each guard of the list in turn, and name the survivors. NAME="part of a name" chooses some."""

import sys

from tests.mutants.guards import GUARDS
from tests.mutants.runner import run


def main(parts: list[str]) -> int:
    """Try the guards whose names contain one of the parts, or all of them. Return 1 if any survives."""
    chosen = [guard for guard in GUARDS if not parts or any(part in guard.name for part in parts)]
    survivors = run(chosen)
    print(f"{len(chosen)} mutants, {len(chosen) - len(survivors)} killed, {len(survivors)} survived")
    for guard in survivors:
        print(f"survived: {guard.name} ({guard.path})")
    return 1 if survivors or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
