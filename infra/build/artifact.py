"""Build one function for SAM's makefile builder: `python -m infra.build.artifact NAME ARCHITECTURE SOURCE INTO`."""

import re
import shutil
import sys
from importlib.util import cache_from_source
from pathlib import Path

from infra.build import libraries, sources
from infra.build.libraries import ROOT, TASK_ROOT, BuildFailed

PYTHON = (3, 13)


def build(function: str, architecture: str, source: Path, into: Path) -> None:
    """Put into a folder what a function needs to run. Raises BuildFailed."""
    if sys.version_info[:2] != PYTHON:
        raise BuildFailed(
            "The functions run on Python 3.13 and are compiled ahead for it, but this is Python "
            f"{sys.version.split()[0]}. Run 'make setup', or put python3.13 on PATH."
        )
    kept = libraries.installed(architecture)
    found = sources.reached(source, handler_of(function).rpartition(".")[0])
    imported = set(found.libraries)
    if not found.services:
        imported -= {"boto3", "botocore"}  # imported inside `aws.client`, which nobody calls here
    into.mkdir(parents=True, exist_ok=True)
    _own(source, found.modules, into)
    libraries.compile_ahead(into, TASK_ROOT)
    for place in sorted(libraries.chosen(kept, imported)):
        _copy(kept / place, into / place, found.services)


def handler_of(function: str) -> str:
    """Read a function's Handler out of the template. Raises BuildFailed."""
    for template in (ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml"))):
        resource = re.search(rf"^  {function}:\n((?:   .*\n|\n)+)", template.read_text(), re.MULTILINE)
        handler = resource and re.search(r"^      Handler: *(\S+)$", resource[1], re.MULTILINE)
        if handler:
            return handler[1]
    raise BuildFailed(f"no template has a function {function} with a Handler")


def _own(source: Path, modules: set[Path], into: Path) -> None:
    """Copy modules, and with each package that is reached the files in it that are no modules."""
    tops = {module.relative_to(source).parts[0] for module in modules}
    others = {
        file
        for top in tops
        for file in (source / top).rglob("*")
        if file.is_file() and file.suffix not in {".py", ".pyc", ".pyi"}
    }
    for file in sorted(modules | others):
        target = into / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


def _copy(place: Path, target: Path, services: set[str]) -> None:
    if not place.exists():
        return  # left out whole, as a library's folder of tests
    if place.is_file():
        compiled = Path(cache_from_source(place)).relative_to(place.parent)
        for file in (Path(place.name), compiled):
            if (place.parent / file).exists():
                (target.parent / file).parent.mkdir(exist_ok=True)
                shutil.copyfile(place.parent / file, target.parent / file)
        return
    if place.name != "botocore":
        shutil.copytree(place, target, copy_function=shutil.copyfile)
        return
    shutil.copytree(place, target, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("data"))
    for model in (place / "data").iterdir():
        if model.is_file():
            (target / "data").mkdir(exist_ok=True)
            shutil.copyfile(model, target / "data" / model.name)
        elif model.name in services:
            shutil.copytree(model, target / "data" / model.name, copy_function=shutil.copyfile)


def main() -> int:
    """Build what the command line names."""
    function, architecture, source, into = sys.argv[1:]
    try:
        build(function, architecture, Path(source), Path(into))
    except BuildFailed as failed:
        print(f"{function}: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
