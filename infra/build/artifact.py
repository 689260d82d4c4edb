"""Builds one function for SAM's makefile builder: `python -m infra.build.artifact NAME ARCHITECTURE SOURCE TARGET`."""

import re
import shutil
import sys
from importlib.util import cache_from_source
from pathlib import Path

from infra.build import libraries, sources
from infra.build.libraries import ROOT, TASK_ROOT, BuildFailed

PYTHON = (3, 13)


def build(function: str, architecture: str, source: Path, target: Path) -> None:
    """Write everything that a function needs to run into a folder. Raises BuildFailed."""
    if sys.version_info[:2] != PYTHON:
        raise BuildFailed(
            "The functions are compiled ahead for Python 3.13, but this is Python "
            f"{sys.version.split()[0]}. Run 'make setup', or put python3.13 on the PATH."
        )
    folder = libraries.installed(architecture)
    found = sources.reached(source, handler_of(function).rpartition(".")[0])
    imported = set(found.libraries)
    if not found.services:
        imported -= {"boto3", "botocore"}  # imported inside `clients.client`, which this function does not call
    target.mkdir(parents=True, exist_ok=True)
    _copy_modules(source, found.modules, target)
    libraries.compile_ahead(target, TASK_ROOT)
    for name in sorted(libraries.selected(folder, imported)):
        _copy_library(folder / name, target / name, found.services)


def handler_of(function: str) -> str:
    """Return a function's Handler in the templates. Raises BuildFailed."""
    for template in (ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml"))):
        resource = re.search(rf"^  {function}:\n((?:   .*\n|\n)+)", template.read_text(), re.MULTILINE)
        handler = resource and re.search(r"^      Handler: *(\S+)$", resource[1], re.MULTILINE)
        if handler:
            return handler[1]
    raise BuildFailed(f"no template has a function {function} with a Handler")


def _copy_modules(source: Path, modules: set[Path], target: Path) -> None:
    """Copy the modules, and the other files of each package that they belong to."""
    tops = {module.relative_to(source).parts[0] for module in modules}
    others = {
        file
        for top in tops
        for file in (source / top).rglob("*")
        if file.is_file() and file.suffix not in {".py", ".pyc", ".pyi"}
    }
    for file in sorted(modules | others):
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def _copy_library(path: Path, target: Path, services: set[str]) -> None:
    if not path.exists():
        return  # left out entirely, such as a library's tests
    if path.is_file():
        compiled = Path(cache_from_source(path)).relative_to(path.parent)
        for file in (Path(path.name), compiled):
            if (path.parent / file).exists():
                (target.parent / file).parent.mkdir(exist_ok=True)
                shutil.copyfile(path.parent / file, target.parent / file)
        return
    if path.name != "botocore":
        shutil.copytree(path, target, copy_function=shutil.copyfile)
        return
    shutil.copytree(path, target, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("data"))
    for model in (path / "data").iterdir():
        if model.is_file():
            (target / "data").mkdir(exist_ok=True)
            shutil.copyfile(model, target / "data" / model.name)
        elif model.name in services:
            shutil.copytree(model, target / "data" / model.name, copy_function=shutil.copyfile)


def main() -> int:
    """Build the function on the command line."""
    function, architecture, source, target = sys.argv[1:]
    try:
        build(function, architecture, Path(source), Path(target))
    except BuildFailed as failed:
        print(f"{function}: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
