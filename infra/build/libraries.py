"""The libraries of an architecture: installed once by pip, trimmed to what a function can use, and compiled ahead.

They are cached in `.local/libraries`, under a hash of everything that they depend on.
"""

import compileall
import fcntl
import hashlib
import json
import os
import py_compile
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from infra.build import trimming
from infra.setup import install

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "functions" / "requirements.txt"
CACHE = ROOT / ".local" / "libraries"
TASK_ROOT = "/var/task"
# Lambda's Python 3.13 runs on Amazon Linux 2023 (glibc 2.34). pip uses the first of these that a library offers.
_GLIBC = ("manylinux_2_34", "manylinux_2_31", "manylinux_2_28", "manylinux_2_17", "manylinux2014")
_MACHINE = {"arm64": "aarch64", "x86_64": "x86_64"}
_CONTENTS = "contents.json"
_OLD_SECONDS = 24 * 3600


class BuildFailed(Exception):
    """The build cannot continue. The message says why, and what to do."""


def installed(architecture: str) -> Path:
    """Return the folder with the libraries for a Lambda architecture, and install them first if necessary."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # SAM may build functions in parallel
        folder = _folder(architecture)
        if not folder.exists():
            fresh = CACHE / f"fresh-{os.getpid()}"
            shutil.rmtree(fresh, ignore_errors=True)
            _install(architecture, fresh)
            contents = _contents(fresh)
            trimming.trim(fresh)
            compile_ahead(fresh, TASK_ROOT)
            (fresh / _CONTENTS).write_text(json.dumps(contents, indent=1))
            fresh.rename(folder)
            _remove_unused(folder)
        return folder


def are_installed(architecture: str) -> bool:
    """Return whether the libraries for an architecture of Lambda are installed."""
    return _folder(architecture).exists()


def size() -> str:
    """Return how much the libraries download, as text. The wheels of other architectures are about as large."""
    lock = install.LOCK.read_text()
    pinned = re.findall(r"^([\w.-]+)==([\w.]+)", REQUIREMENTS.read_text(), re.MULTILINE)
    return install.megabytes(sum(install.download_size(lock, name, version) for name, version in pinned))


def selected(folder: Path, imported: Iterable[str]) -> set[str]:
    """Return the top-level files and folders to ship for these imported names. Raises BuildFailed."""
    contents: dict[str, Any] = json.loads((folder / _CONTENTS).read_text())
    owner = {name: library for library, content in contents.items() for name in content["imports"]}
    unknown = sorted(name for name in imported if name not in owner)
    if unknown:
        raise BuildFailed(
            f"{', '.join(unknown)} is imported but not in functions/requirements.txt. "
            "Add it to the dependencies in pyproject.toml, then run 'make docs'."
        )
    waiting = [owner[name] for name in imported]
    libraries: set[str] = set()
    while waiting:
        library = waiting.pop()
        if library not in libraries:
            libraries.add(library)
            waiting += [needed for needed in contents[library]["needs"] if needed in contents]
    return {name for library in libraries for name in contents[library]["files"]}


def compile_ahead(folder: Path, prefix: str) -> None:
    """Compile every module in a folder for the Python that runs this, which must be Lambda's.

    Unchecked: nothing checks at run time whether the source is newer. `prefix`: the folder's path at run time.
    """
    done = compileall.compile_dir(
        folder,
        quiet=1,
        force=True,
        workers=0,
        stripdir=str(folder),
        prependdir=prefix,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        raise BuildFailed(f"not every module in {folder} could be compiled")


def _folder(architecture: str) -> Path:
    return CACHE / f"{architecture}-{_key(architecture)}"


def _key(architecture: str) -> str:
    parts = [architecture.encode(), sys.version.encode(), REQUIREMENTS.read_bytes()]
    parts += [file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py"))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _install(architecture: str, folder: Path) -> None:
    platforms = [f"--platform={glibc}_{_MACHINE[architecture]}" for glibc in _GLIBC]
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("--no-compile", "--no-deps", "--only-binary=:all:", "--implementation=cp", "--python-version=3.13"),
        *("--target", str(folder), *platforms, "--requirement", str(REQUIREMENTS)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildFailed(f"pip could not install {REQUIREMENTS.name} for {architecture}:\n{done.stderr[-3000:]}")


def _contents(folder: Path) -> dict[str, Any]:
    """Return for each library its files, the names by which it is imported, and the libraries it needs."""
    contents: dict[str, Any] = {}
    for metadata in folder.glob("*.dist-info/METADATA"):
        headers = HeaderParser().parsestr(metadata.read_text())
        record = (metadata.parent / "RECORD").read_text().splitlines()
        tops = {line.partition(",")[0].split("/")[0].strip('"') for line in record}
        files = sorted(top for top in tops if top not in {"..", "bin"} and not top.endswith(".dist-info"))
        name = _normalized(headers["Name"])
        contents[name] = {
            "files": files,
            "imports": sorted({top.partition(".")[0] for top in files}),
            "needs": trimming.NEEDS.get(name, _required(headers.get_all("Requires-Dist") or [])),
        }
    return contents


def _required(requirements: Iterable[str]) -> list[str]:
    return sorted({_normalized(re.split(r"[^\w.-]", r, maxsplit=1)[0]) for r in requirements if "extra ==" not in r})


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _remove_unused(current: Path) -> None:
    """Remove folders that no build has used for a day. Each change of a dependency leaves one behind."""
    current.touch()
    for folder in CACHE.iterdir():
        if folder.is_dir() and folder != current and folder.stat().st_mtime < time.time() - _OLD_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
