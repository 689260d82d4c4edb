"""Downloads packages from npm into the checkout and verifies them against their pinned SHA-256."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.stack import ROOT
from infra.setup import programs
from infra.setup.install import megabytes

DOWNLOADED = ROOT / ".local" / "npm"


class DownloadFailed(Exception):
    """A package could not be downloaded, or is not the expected one. The message says which."""


@dataclass(frozen=True)
class Package:
    """A version of a package. `sha256` and `size` (bytes) describe its tarball."""

    name: str
    version: str
    sha256: str
    size: int

    @property
    def folder(self) -> Path:
        """Where it is unpacked."""
        return DOWNLOADED / f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}"


def download(package: Package) -> Path:
    """Return the folder of a package. Download it if it is missing. Raises DownloadFailed and ProgramMissing."""
    DOWNLOADED.mkdir(parents=True, exist_ok=True)
    with (DOWNLOADED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker may be downloading it
        if not package.folder.exists():
            print(f"Downloading {package.name} {package.version} from npm: {megabytes(package.size)}", flush=True)
            _unpack(_tarball(package), package.folder)
    return package.folder


def install(source: Path, files: Sequence[str], what: str, size: str) -> Path:
    """Return a folder with files of `source` and the packages that its `package-lock.json` pins by their SHA-512.

    `what`, `size`: for the line that is printed before the download. Raises DownloadFailed and ProgramMissing.
    """
    content = b"".join((source / name).read_bytes() for name in files)
    folder = DOWNLOADED / f"{source.name}-{hashlib.sha256(content).hexdigest()[:12]}"
    DOWNLOADED.mkdir(parents=True, exist_ok=True)
    with (DOWNLOADED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker may be installing it
        if not folder.exists():
            part = DOWNLOADED / f"{source.name}-part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            for name in files:
                shutil.copyfile(source / name, part / name)
            print(f"Downloading {what} from npm: {size}", flush=True)
            _npm(part, f"install {what}", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
            part.rename(folder)
    return folder


def _npm(folder: Path, what: str, *arguments: str) -> str:
    """Run npm in a folder and return what it prints. Raises DownloadFailed, with `what` it could not do."""
    run = subprocess.run(
        [*programs.npm(), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "npm_config_cache": str(DOWNLOADED / "cache")},
    )
    shutil.rmtree(DOWNLOADED / "cache", ignore_errors=True)
    if run.returncode:
        raise DownloadFailed(f"npm could not {what}: {run.stderr[-500:]}")
    return run.stdout


def _tarball(package: Package) -> Path:
    printed = _npm(DOWNLOADED, f"download {package.name}", "pack", "--silent", f"{package.name}@{package.version}")
    tarball = DOWNLOADED / printed.strip().splitlines()[-1]
    sha256 = hashlib.sha256(tarball.read_bytes()).hexdigest()
    if sha256 != package.sha256:
        tarball.unlink()
        raise DownloadFailed(f"{package.name} {package.version} is not the expected file: its SHA-256 is {sha256}.")
    return tarball


def _unpack(tarball: Path, folder: Path) -> None:
    part = DOWNLOADED / "part"
    shutil.rmtree(part, ignore_errors=True)
    with tarfile.open(tarball) as packed:
        packed.extractall(part, filter="data")
    (part / "package").rename(folder)
    part.rmdir()
    tarball.unlink()
