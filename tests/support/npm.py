"""Packages of the npm registry, fetched into the checkout and held to the SHA-256 of the file that was tried."""

import hashlib
import os
import shutil
import subprocess
import tarfile
from pathlib import Path


class Missing(Exception):
    """What a test needs is not here; the message says what."""


def fetch(package: str, sha_256: str, folder: Path) -> Path:
    """Give the folder `package` of an npm package, `name@version`, fetched and checked when it is not there yet."""
    unpacked = folder / "package"
    if unpacked.exists():
        return unpacked
    npm = shutil.which("npm")
    if not npm:
        raise Missing(f"npm is missing, which fetches {package}")
    folder.mkdir(parents=True, exist_ok=True)
    fetched = subprocess.run(
        [npm, "pack", "--silent", package],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "npm_config_cache": str(folder / "npm")},
    )
    if fetched.returncode:
        raise Missing(f"npm could not fetch {package}: {fetched.stderr[-500:]}")
    tarball = folder / fetched.stdout.strip().splitlines()[-1]
    if hashlib.sha256(tarball.read_bytes()).hexdigest() != sha_256:
        tarball.unlink()
        raise Missing(f"{package} is not the file that was tried: its SHA-256 differs")
    with tarfile.open(tarball) as packed:
        packed.extractall(folder / "part", filter="data")
    (folder / "part" / "package").rename(unpacked)
    tarball.unlink()
    shutil.rmtree(folder / "npm", ignore_errors=True)
    return unpacked
