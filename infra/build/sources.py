"""Finds what a function's code reaches: its own modules, the libraries they import and the AWS services they call.

This is read from the source, so no list has to be maintained. An import inside a function counts like one at the top.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Reached:
    """What a handler reaches. `modules`: files. `libraries`: imported names. `services`: boto3's service names."""

    modules: set[Path] = field(default_factory=set)
    libraries: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)


def reached(folder: Path, module: str) -> Reached:
    """Follow the imports of a module (`add_number.handler`) in a source folder."""
    found = Reached()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        top = name.partition(".")[0]
        if not (folder / top / "__init__.py").exists():
            if top not in sys.stdlib_module_names:
                found.libraries.add(top)
            continue
        file = _file(folder, name)
        if file is None or file in found.modules:
            continue
        found.modules.add(file)
        parent = name.rpartition(".")[0]
        if parent:
            waiting.append(parent)
        tree = ast.parse(file.read_bytes(), str(file))
        package = name if file.name == "__init__.py" else parent
        waiting += _imported(tree, package)
        found.services.update(_services(tree))
    return found


def _file(folder: Path, name: str) -> Path | None:
    """Return the file of a module, or None for a name inside a module."""
    path = folder.joinpath(*name.split("."))
    for file in (path / "__init__.py", path.with_suffix(".py")):
        if file.is_file():
            return file
    return None


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    for node in _runnable(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _services(tree: ast.AST) -> Iterator[str]:
    """Yield the services for which a client is created: `client("s3")`."""
    for node in _runnable(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == "client" and isinstance(node.args[0].value, str):
                yield node.args[0].value


def _runnable(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk the nodes that can run. Imports only for type checkers cannot."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)
