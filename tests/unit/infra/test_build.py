"""The modules that a function reaches, the trimming of libraries, and the messages of failed builds."""

import json
import marshal
import subprocess
import sys

import pytest
import yaml

from infra.build import artifact, libraries, sources, trimming
from infra.templates import ROOT, functions, parent

FUNCTIONS = ROOT / "functions"


def reached(tmp_path, **files):
    for name, text in files.items():
        file = tmp_path / f"{name.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(text)
    return sources.reached(tmp_path, "one.handler")


def names(found, tmp_path):
    return {str(file.relative_to(tmp_path)) for file in found.modules}


def test_imports_inside_functions_count_and_those_for_type_checkers_do_not(tmp_path):
    found = reached(
        tmp_path,
        one__handler="import json\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n    import pydantic\n"
        "    from two import unused\ndef later():\n    import jwt\n    from two import used\n",
        two__used="from . import deep\nfrom .deep import thing\n",
        two__deep="import boto3.dynamodb.types\nthing = aws.client('events')\n",
        two__unused="import phonenumbers\n",
    )
    assert found.libraries == {"jwt", "boto3"}
    assert found.services == {"events"}
    assert names(found, tmp_path) == {
        "one/__init__.py",
        "one/handler.py",
        "two/__init__.py",
        "two/used.py",
        "two/deep.py",
    }


def test_the_else_branch_of_a_type_checking_block_counts(tmp_path):
    found = reached(
        tmp_path, one__handler="import typing\nif typing.TYPE_CHECKING:\n    import a\nelse:\n    import b\n"
    )
    assert found.libraries == {"b"}


def test_the_templates_build_every_function_with_this_step_and_its_own_handler():
    for function in functions():
        assert function.metadata["BuildMethod"] == "makefile"
        assert artifact.handler_of(function.id) == function.handler
        found = sources.reached(FUNCTIONS, function.module)
        assert found.services <= trimming.SERVICES, f"{function.id}: add the service to trimming.SERVICES"


def test_each_architecture_of_the_template_has_a_makefile():
    allowed = parent()["Parameters"]["Architecture"]["AllowedValues"]
    assert {f.parent.name for f in (ROOT / "infra" / "build").glob("*/Makefile")} == set(allowed)
    for architecture in allowed:
        makefile = ROOT / "infra" / "build" / architecture / "Makefile"
        assert makefile.read_text().startswith(f"ARCHITECTURE := {architecture}\n")
    assert 'ContextPath: !Sub "infra/build/${Architecture}"' in (ROOT / "template.yaml").read_text()


def test_a_function_that_is_in_no_template_is_named():
    with pytest.raises(libraries.BuildFailed, match="no template has a function NobodyFunction"):
        artifact.handler_of("NobodyFunction")


def test_another_version_of_python_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(artifact, "PYTHON", (3, 99))
    with pytest.raises(libraries.BuildFailed, match=r"compiled ahead for Python 3\.13, but this is Python 3"):
        artifact.build("AddNumberFunction", "arm64", FUNCTIONS, tmp_path)


def test_a_library_missing_from_the_requirements_is_named(tmp_path):
    (tmp_path / "contents.json").write_text(json.dumps({"a": {"files": ["a"], "imports": ["a"], "needs": ["b"]}}))
    assert libraries.selected(tmp_path, ["a"]) == {"a"}
    with pytest.raises(libraries.BuildFailed, match=r"nowhere is imported but not in functions/requirements\.txt"):
        libraries.selected(tmp_path, ["a", "nowhere"])


def test_compiled_modules_name_lambdas_folder_and_are_unchecked(tmp_path):
    (tmp_path / "m.py").write_text("print(__file__)\nraise ValueError\n")
    libraries.compile_ahead(tmp_path, "/var/task")
    compiled = next((tmp_path / "__pycache__").iterdir())
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01
    (tmp_path / "m.py").write_text("x = 1\n")
    done = subprocess.run(
        [sys.executable, "-B", "-c", "import m"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "ValueError" in done.stderr, "Python read the source"
    assert marshal.loads(compiled.read_bytes()[16:]).co_filename == "/var/task/m.py"


def test_documentation_is_emptied_but_keeps_its_key():
    model = {
        "shapes": {"A": {"documentation": "<p>", "members": {"documentation": {"shape": "S", "documentation": "x"}}}}
    }
    members = {"documentation": {"shape": "S", "documentation": ""}}
    assert trimming._without_documentation(model) == {"shapes": {"A": {"documentation": "", "members": members}}}


def test_a_module_that_does_not_compile_fails_the_build(tmp_path, capsys):
    (tmp_path / "m.py").write_text("def\n")
    with pytest.raises(libraries.BuildFailed, match="could be compiled"):
        libraries.compile_ahead(tmp_path, "/var/task")


def test_the_python_version_file_names_the_builds_python():
    assert yaml.safe_load((ROOT / ".python-version").read_text()) == float(".".join(map(str, artifact.PYTHON)))
