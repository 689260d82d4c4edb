"""Keep generated files up to date: `python -m infra.generate.drift` reports differences, `--write` rewrites them.

`docs/openapi.json`, `docs/access.md` and the console's `api.json` are generated from the handlers,
`functions/requirements.txt` is exported from `uv.lock`, `functions/dnc/phone/nanp.py` is generated from phonenumbers'
metadata, `functions/dnc/aws/amazon_roots.pem` is extracted from certifi's bundle, the tables of `docs/scale.md` are
computed, and the gateway's error responses in `template.yaml` are generated from `dnc.problems`. The locks may name no
index but PyPI's own.
"""

import difflib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from infra.generate import access_matrix, amazon_roots, api_reference, gateway_responses, openapi, phone_table
from infra.scale import model as scale_model

ROOT = openapi.ROOT
REQUIREMENTS = ROOT / "functions" / "requirements.txt"
LOCKS = (ROOT / "uv.lock", ROOT / "infra" / "checkov" / "uv.lock")
_PYPI = ("https://pypi.org/simple", "https://files.pythonhosted.org/")
_EXPORT = ("export", "-q", "--frozen", "--no-dev", "--no-emit-project", "--no-annotate", "--no-header")


def generated() -> dict[Path, str]:
    """Return each generated file with its expected text."""
    return {
        openapi.FILE: openapi.written(),
        access_matrix.FILE: access_matrix.written(),
        api_reference.FILE: api_reference.written(),
        REQUIREMENTS: _requirements(),
        phone_table.FILE: phone_table.written(),
        scale_model.PAGE: scale_model.written(),
        amazon_roots.FILE: amazon_roots.written(),
        gateway_responses.FILE: gateway_responses.written(),
    }


def foreign_indexes(lock: str) -> set[str]:
    """Return the URLs in a lock file that are not PyPI's."""
    return {url for url in re.findall(r'"(https?://[^"]+)"', lock) if not url.startswith(_PYPI)}


def drift(files: dict[Path, str]) -> str:
    """Return a unified diff between the files and their expected text; empty if they are up to date."""
    lines: list[str] = []
    for file, wanted in files.items():
        stored = file.read_text() if file.exists() else ""
        name = str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else str(file)
        lines += difflib.unified_diff(
            stored.splitlines(), wanted.splitlines(), name, f"{name} as generated", lineterm=""
        )
    return "\n".join(lines)


def _requirements() -> str:
    uv = shutil.which("uv", path=str(ROOT / ".tools" / "bin")) or shutil.which("uv")
    if not uv:
        sys.exit("uv is missing: run 'make setup' first")
    return subprocess.run([uv, *_EXPORT], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def main() -> int:
    """Print the differences, or rewrite the files."""
    foreign = set().union(*(foreign_indexes(lock.read_text()) for lock in LOCKS))
    if foreign:
        print(f"uv.lock names indexes other than PyPI: {', '.join(sorted(foreign))}", file=sys.stderr)
        return 1
    files = generated()
    if sys.argv[1:] == ["--write"]:
        for file, wanted in files.items():
            file.write_text(wanted)
        return 0
    lines = drift(files)
    if lines:
        print(f"{lines}\n\nGenerated files are out of date: run 'make docs'.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
