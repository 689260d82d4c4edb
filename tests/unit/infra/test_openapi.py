"""The OpenAPI document is valid and can be used to generate clients."""

import compileall
import json
import subprocess
import sys

import pytest
from openapi_spec_validator import validate

from infra.generate.openapi import FILE

DOCUMENT = json.loads(FILE.read_text())
OPERATIONS = [
    (method, path, operation) for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
]


def test_the_document_is_valid():
    validate(DOCUMENT)


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=lambda value: str(value)[:60])
def test_every_operation_has_a_declared_tag_and_a_description(method, path, operation):
    assert set(operation["tags"]) <= {tag["name"] for tag in DOCUMENT["tags"]}
    assert operation["summary"]
    assert operation["description"]


def schemas(value):
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from schemas(inner)


def test_an_enum_is_defined_once():
    enums = [tuple(schema["enum"]) for schema in schemas(DOCUMENT["components"]) if "enum" in schema]
    assert len(enums) == len(set(enums))


def test_a_default_is_allowed_by_its_own_schema():
    for schema in schemas(DOCUMENT):
        if isinstance(schema.get("default"), str) and "minLength" in schema:
            assert len(schema["default"]) >= schema["minLength"], schema


@pytest.mark.parametrize("model", ["Entry", "ImportJob", "ScrubJob", "ExportJob", "Key", "Account", "Event", "Upload"])
def test_times_and_urls_have_their_formats(model):
    for name, schema in DOCUMENT["components"]["schemas"][model]["properties"].items():
        formats = {branch.get("format") for branch in (schema, *schema.get("anyOf", []))}
        if name.endswith("_at"):
            assert "date-time" in formats, name
        if name == "url" or name.endswith("_url"):
            assert "uri" in formats, name


def test_a_python_client_can_be_generated(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("post_hooks: []\n")
    command = [sys.executable, "-W", "ignore", "-m", "openapi_python_client", "generate", "--path", str(FILE)]
    client = tmp_path / "client"
    done = subprocess.run(
        [*command, "--config", str(config), "--output-path", str(client), "--fail-on-warning"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert compileall.compile_dir(client, quiet=2, legacy=True)
    models = {file.stem for file in (client / "nocall_client" / "models").glob("*.py")}
    assert {"entry", "job_status", "checked", "add_number"} <= models
