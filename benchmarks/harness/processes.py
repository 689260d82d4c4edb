"""The memory, threads and sockets of the functions' processes on the local stack, read from /proc."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_NAME = re.compile(rb"(?:^|\0)AWS_LAMBDA_FUNCTION_NAME=([^\0]*)")
_PROC = Path("/proc")


def of_functions(emulator: int, functions: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return what each function's processes hold together: `memory` (MB), `threads`, `sockets`, and their `pids`.

    `emulator`: the process that started them. `functions`: deployed names, by the names to return them under.
    """
    names = {deployed: name for name, deployed in functions.items()}
    found: dict[str, dict[str, Any]] = {}
    for folder in _PROC.glob("[0-9]*"):
        try:
            name = names.get(_function_of(folder, emulator))
            if name is None:
                continue
            held = _held_by(folder)
        except OSError:
            continue  # it has ended
        total = found.setdefault(name, {"memory": 0.0, "threads": 0, "sockets": 0, "pids": []})
        for what, amount in held.items():
            total[what] = round(total[what] + amount, 2)
        total["pids"].append(int(folder.name))
    return found


def _function_of(folder: Path, emulator: int) -> str:
    """Return the deployed name of the function that a process runs, or "" for any other process."""
    stat = (folder / "stat").read_text()
    if int(stat.rpartition(")")[2].split()[1]) != emulator:
        return ""
    name = _NAME.search((folder / "environ").read_bytes())
    return name[1].decode() if name else ""


def _held_by(folder: Path) -> dict[str, float]:
    status = dict(line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line)
    sockets = sum(_is_socket(link) for link in (folder / "fd").iterdir())
    return {"memory": int(status["VmRSS"].split()[0]) / 1024, "threads": int(status["Threads"]), "sockets": sockets}


def _is_socket(link: Path) -> bool:
    try:
        return str(link.readlink()).startswith("socket:")
    except OSError:
        return False
