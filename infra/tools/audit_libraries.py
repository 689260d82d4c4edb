"""Look for known vulnerabilities in the shipped libraries (`functions/requirements.txt`) with pip-audit.

`make check` runs it. If PyPI cannot be reached, it says so and passes, so CI has the last word.
"""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

REQUIREMENTS = Path(__file__).resolve().parents[2] / "functions" / "requirements.txt"
SERVICE = ("pypi.org", 443)
_SECONDS = 3


def is_reachable(address: tuple[str, int]) -> bool:
    """Return whether a host accepts connections."""
    try:
        with socket.create_connection(address, timeout=_SECONDS):
            return True
    except OSError:
        return False


def verdict(report: dict[str, Any]) -> tuple[int, str]:
    """Return the exit code and the message for pip-audit's JSON report."""
    libraries = report["dependencies"]
    skipped = [library["name"] for library in libraries if "skip_reason" in library]
    found = [
        f"{library['name']} {library['version']}: {finding['id']}, fixed in {', '.join(finding['fix_versions']) or '-'}"
        for library in libraries
        for finding in library.get("vulns", [])
    ]
    if found:
        return 1, "Libraries with known vulnerabilities:\n" + "\n".join(found)
    if len(skipped) == len(libraries):
        return 0, f"The libraries were not audited: {SERVICE[0]} has no data on them here."
    if skipped:
        return 1, f"These libraries could not be audited: {', '.join(skipped)}."
    return 0, f"No known vulnerability in the {len(libraries)} libraries."


def main() -> int:
    """Audit the libraries. Return 0 if none has a known vulnerability, or if the data cannot be reached."""
    if not is_reachable(SERVICE):
        print(f"The libraries were not audited: {SERVICE[0]} cannot be reached.")
        return 0
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]
    done = subprocess.run(
        [*command, "--requirement", str(REQUIREMENTS)], capture_output=True, text=True, check=False, timeout=300
    )
    if not done.stdout:
        print(f"pip-audit failed:\n{done.stderr[-2000:]}", file=sys.stderr)
        return 1
    code, words = verdict(json.loads(done.stdout))
    print(words)
    return code


if __name__ == "__main__":
    sys.exit(main())
