"""Tools from npm that read `docs/openapi.json`: a generator of TypeScript types, and two linters.

`python -m tests.support.openapi_tools` runs the linters (`make lint-api`). Spectral and Redocly use every rule of their
recommended sets; a rule that does not fit would be turned off in `tests/support/openapi/lint`, with the reason.
"""

import subprocess
import sys
from pathlib import Path

from infra.generate.openapi import FILE
from infra.setup import programs
from tests.support import npm

_FOLDER = Path(__file__).parent / "openapi"
_OF_TYPES = ("package.json", "package-lock.json", "client.ts")
_OF_LINT = ("package.json", "package-lock.json", ".spectral.yaml", "redocly.yaml")


def types_folder() -> Path:
    """Return the folder with openapi-typescript, the compiler and `client.ts`. Raises as `npm.install` does."""
    return npm.install(_FOLDER / "types", _OF_TYPES, "openapi-typescript and TypeScript", "9 MB")


def compile_client(folder: Path) -> str:
    """Generate the types, and compile the client that uses them. Return what the tools complain about."""
    command = [programs.node(), "node_modules/openapi-typescript/bin/cli.js", str(FILE), "--output", "api.ts"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if made.returncode:
        return made.stdout + made.stderr
    compiler = [programs.node(), "node_modules/typescript/bin/tsc", "--strict", "--noEmit", "client.ts"]
    return subprocess.run(compiler, cwd=folder, capture_output=True, text=True, check=False).stdout


def main() -> int:
    """Run both linters on the document. Return 1 if either finds anything."""
    folder = npm.install(_FOLDER / "lint", _OF_LINT, "Spectral and Redocly", "60 MB")
    spectral = ["node_modules/@stoplight/spectral-cli/dist/index.js", "lint", "--fail-severity", "hint"]
    redocly = ["node_modules/@redocly/cli/bin/cli.js", "lint", "--config", "redocly.yaml", "--max-problems", "1000"]
    failed = False
    for tool in (spectral, redocly):
        done = subprocess.run(
            [programs.node(), *tool, str(FILE)], cwd=folder, capture_output=True, text=True, check=False
        )
        output = done.stdout + done.stderr
        print(output.strip())
        failed |= done.returncode != 0 or "warning" in output.lower()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
