"""Install what the project needs into the checkout: `python3 -m infra.setup.install [--for-tests]`.

It needs Python 3.9 or newer and nothing else. uv goes to `.tools`, the locked packages go to `.venv`, and Python 3.13
goes to `.tools` if the machine does not have it. `--for-tests` adds Java, Node.js and npm unless the machine has them.
Every download is printed with its size.
"""

from __future__ import annotations

import hashlib
import importlib.util
import platform
import re
import subprocess
import sys
import tempfile
import urllib.request
import venv
from dataclasses import dataclass
from pathlib import Path

from infra.setup import programs

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "uv.lock"
TOOLS = ROOT / ".tools"
UV = TOOLS / "bin" / "uv"
UV_VERSIONS = "uv>=0.9,<1"
PYTHON = "3.13"
_LARGE_BYTES = 10_000_000
_MACHINES = {"x86_64": ("x86_64",), "aarch64": ("aarch64",), "arm64": ("arm64", "universal2")}
_SYSTEMS = {"Linux": "manylinux", "Darwin": "macosx"}


class InstallFailed(Exception):
    """Something could not be installed. The message says what."""


@dataclass(frozen=True)
class File:
    """A file of a package in `uv.lock`. `size`: bytes."""

    url: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """Return the file's name."""
        return self.url.rpartition("/")[2]


def locked_files(lock: str, package: str, version: str | None = None) -> list[File]:
    """Return the files of a package in the text of `uv.lock`, wheels first. Raises InstallFailed if it has none."""
    wanted = f'name = "{package}"\n' + (f'version = "{version}"\n' if version else "")
    for block in lock.split("[[package]]\n"):
        if block.startswith(wanted):
            found = re.findall(r'url = "(.+?)", hash = "sha256:(\w+)", size = (\d+)', block)
            files = [File(url, sha256, int(size)) for url, sha256, size in found]
            return sorted(files, key=lambda file: not file.name.endswith(".whl"))
    raise InstallFailed(f"uv.lock has no package {package} {version or ''}. Run '{UV} lock'.")


def download_size(lock: str, package: str, version: str) -> int:
    """Return the bytes that this machine downloads for a package: the size of the largest wheel that fits it."""
    files = locked_files(lock, package, version)
    return max((file.size for file in files if _fits(file.name)), default=files[-1].size)


def announcement(plan: str, lock: str) -> str:
    """Return one line about the downloads that `uv sync --dry-run` announced, or "" if there are none."""
    count = re.search(r"Would download (\d+) package", plan)
    if not count:
        return ""
    sizes = {
        name: download_size(lock, name, version)
        for name, version in re.findall(r"^ \+ ([^=\s]+)==(\S+)$", plan, re.MULTILINE)
    }
    # uv reports how many are not in its cache, but not which.
    some = "" if int(count[1]) == len(sizes) else "at most "
    large = sorted((name for name in sizes if sizes[name] >= _LARGE_BYTES), key=lambda name: -sizes[name])
    which = "".join(f", {name} {megabytes(sizes[name])}" for name in large)
    return f"Downloading {count[1]} Python packages: {some}{megabytes(sum(sizes.values()))}{which}"


def tool_download(line: str) -> str:
    """Return the announcement of a download that a line of pip or uv reports, or "" for any other line."""
    found = re.match(r" *Downloading (\w+)-([\d.]+)-\S+(?<!\.metadata) (?:\(download\) )?\(([\d.]+) ?(\w+)\)", line)
    if not found:
        return ""
    name, version, size, unit = found.groups()
    return f"Downloading {'Python' if name == 'cpython' else name} {version}: {size} {unit}"


def megabytes(size: int) -> str:
    """Return a number of bytes as text: `12.3 MB`."""
    return f"{size / 1e6:.1f} MB"


def install_uv() -> None:
    """Install uv into `.tools` unless it is installed."""
    if UV.exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        # Debian's python3 comes without pip.
        has_pip = importlib.util.find_spec("ensurepip") is not None
        venv.create(TOOLS, symlinks=True, with_pip=has_pip)
        pip = ["-m", "pip"] if has_pip else [str(_pip_wheel(Path(folder)) / "pip")]
        command = [str(TOOLS / "bin" / "python"), *pip, "install", "--disable-pip-version-check", UV_VERSIONS]
        _run(command, "uv")


def install_python() -> None:
    """Install Python 3.13 with uv unless the machine has it."""
    found = subprocess.run([str(UV), "python", "find", PYTHON], capture_output=True, check=False, cwd=ROOT)
    if found.returncode:
        _run([str(UV), "python", "install", "--no-bin", PYTHON], f"Python {PYTHON}")


def install_packages(*, for_tests: bool) -> None:
    """Install the locked packages into `.venv`."""
    sync = [str(UV), "sync", "--frozen", "--python", PYTHON]
    if for_tests:
        groups = {"java": not programs.installed_java(), "node": not programs.has_node_and_npm()}
        sync += ["--inexact", *(f"--group={name}" for name, is_missing in groups.items() if is_missing)]
    plan = subprocess.run([*sync, "--dry-run"], capture_output=True, text=True, check=False, cwd=ROOT)
    line = announcement(plan.stderr, LOCK.read_text())
    if line:
        print(line, flush=True)
    if subprocess.run([*sync, "-q"], check=False, cwd=ROOT).returncode:
        raise InstallFailed("uv could not install the Python packages.")


def _pip_wheel(folder: Path) -> Path:
    """Download the locked pip into a folder and return its wheel, which Python can run as it is."""
    wheel = locked_files(LOCK.read_text(), "pip")[0]
    print(f"Downloading pip, which Python came without: {megabytes(wheel.size)}", flush=True)
    with urllib.request.urlopen(wheel.url, timeout=60) as response:  # noqa: S310 - uv.lock has only https
        content = response.read()
    if hashlib.sha256(content).hexdigest() != wheel.sha256:
        raise InstallFailed(f"The SHA-256 of {wheel.name} is not the one in uv.lock.")
    path = folder / wheel.name
    path.write_bytes(content)
    return path


def _run(command: list[str], what: str) -> None:
    """Run a command and print only the downloads that it reports. Raises InstallFailed."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, cwd=ROOT
    ) as process:
        output = []
        for line in process.stdout or ():
            output.append(line)
            download = tool_download(line)
            if download:
                print(download, flush=True)
    if process.returncode:
        raise InstallFailed(f"{what} could not be installed:\n{''.join(output)[-3000:]}")


def _fits(wheel: str) -> bool:
    """Return whether this machine's Python 3.13 can use a wheel of this name."""
    tags = wheel[: -len(".whl")].split("-")[-3:] if wheel.endswith(".whl") else ["", "", ""]
    python, abi, where = tags
    is_for_python = "py3" in python.split(".") or python == "cp313" or abi == "abi3"
    machines = _MACHINES.get(platform.machine(), ())
    is_for_machine = _SYSTEMS.get(platform.system(), "-") in where and any(name in where for name in machines)
    return is_for_python and abi in {"none", "abi3", "cp313"} and (where == "any" or is_for_machine)


def main() -> int:
    """Install everything that the command line requests."""
    try:
        install_uv()
        install_python()
        install_packages(for_tests="--for-tests" in sys.argv[1:])
    except (InstallFailed, OSError) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
