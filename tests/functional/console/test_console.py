"""The console's page and its assets: content, caching, security policy and sign-in."""

import html
import importlib
import json
import re

import pytest

from console import page_files, sign_in
from dnc.audit.changes import EventType
from dnc.entries.entry import Source
from dnc.entries.reasons import REASONS
from tests.support.issuer import AUDIENCE, CLIENT_ID, issuing


@pytest.fixture
def handler(environment):
    sign_in._cached.clear()
    return importlib.reload(importlib.import_module("console.handler"))


def get(handler, name=None, path="/v1/console", **headers):
    event = {"path": path, "pathParameters": {"proxy": name} if name else None, "headers": headers or None}
    return json.loads(json.dumps(handler.lambda_handler(event, None)))


def settings_of(handler):
    [content] = re.findall(r'name="settings" content="([^"]*)"', get(handler)["body"])
    return json.loads(html.unescape(content))


def test_the_page_names_its_assets_by_their_content(handler):
    response = get(handler)
    assert response["statusCode"] == 200
    assert response["headers"]["Cache-Control"] == "no-cache"
    named = re.findall(r'"console/([0-9a-f]{16}/[\w.]+)"', response["body"])
    assert len(named) == 2
    for name in named:
        asset = get(handler, name)
        assert asset["statusCode"] == 200
        assert asset["headers"]["Cache-Control"] == "public, max-age=31536000, immutable"
        assert asset["headers"]["X-Content-Type-Options"] == "nosniff"
    assert '"/console/' not in get(handler, path="/v1/console/")["body"]
    assert re.search(r'href="[0-9a-f]{16}/style.css"', get(handler, path="/v1/console/")["body"])


def test_a_change_to_any_file_changes_the_address_of_all(tmp_path):
    for file in page_files.FOLDER.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    before = page_files.Page.load(tmp_path)
    (tmp_path / "reports.js").write_text("// another\n")
    assert page_files.Page.load(tmp_path).version != before.version == page_files.Page.load().version


def test_a_browser_with_a_current_copy_gets_304(handler):
    etag = get(handler)["headers"]["ETag"]
    again = get(handler, **{"If-None-Match": f"W/{etag}"})
    assert (again["statusCode"], again["body"]) == (304, "")
    assert get(handler, **{"If-None-Match": '"another"'})["statusCode"] == 200


def test_the_policy_allows_no_inline_code_and_no_other_origin(handler):
    policy = get(handler)["headers"]["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "connect-src 'self';" in policy
    assert "unsafe" not in policy
    page = get(handler)["body"]
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", page)
    assert not re.search(r"(src|href)=\"(https?:)?//", page)


def test_the_policy_allows_uploads_to_the_bucket(handler, monkeypatch):
    monkeypatch.setenv("BULK_ORIGINS", "https://b.s3.eu-west-1.amazonaws.com https://b.s3.amazonaws.com")
    policy = get(importlib.reload(handler))["headers"]["Content-Security-Policy"]
    assert "connect-src 'self' https://b.s3.eu-west-1.amazonaws.com https://b.s3.amazonaws.com;" in policy
    assert policy.count("amazonaws") == 2


def imported(name):
    return re.findall(r'^import \{[^}]*\} from "\./(\w+\.js)";$', (page_files.FOLDER / name).read_text(), re.MULTILINE)


def test_a_module_imports_only_those_below_it():
    modules = {file.name: imported(file.name) for file in page_files.FOLDER.glob("*.js")}
    floors = list(page_files.FIRST)
    for name in floors:
        assert set(modules[name]) <= set(floors[: floors.index(name)]), name
    rest = set(modules) - set(floors)
    while rest:
        free = {name for name in rest if not set(modules[name]) & rest}
        assert free, f"{sorted(rest)} form an import cycle"
        rest -= free


def test_the_joined_modules_declare_each_name_once_and_import_nothing():
    joined = page_files.Page.load().assets[page_files.JOINED]
    declared = re.findall(r"^(?:export )?(?:const|let|class|(?:async )?function) (\w+)", joined, re.MULTILINE)
    assert sorted(declared) == sorted(set(declared))
    assert not re.search(r"^import", joined, re.MULTILINE)
    for name in page_files.FIRST:
        assert f"// {name}\n" in joined


def test_the_other_modules_import_from_the_joined_one():
    assets = page_files.Page.load().assets
    assert not set(page_files.FIRST) & set(assets)
    for name, content in assets.items():
        for module in re.findall(r'from "\./(\w+\.js)"', content):
            assert module in assets, (name, module)


@pytest.mark.parametrize(
    "name",
    [
        "x",
        "../handler.py",
        "0000000000000000/first.js",
        "{v}/app.js",
        "{v}/nothing.js",
        "{v}/../handler.py",
        "{v}/index.html",
        "{v}",
    ],
)
def test_any_other_asset_is_not_found(handler, name):
    response = get(handler, name.replace("{v}", handler.page.version))
    assert response["statusCode"] == 404
    assert json.loads(response["body"])["code"] == "not_found"


def test_the_page_has_the_issuers_sign_in_address(handler, monkeypatch, environment):
    with issuing() as issuer:
        monkeypatch.setenv("OIDC_ISSUER", issuer.url)
        monkeypatch.setenv("OIDC_AUDIENCE", AUDIENCE)
        monkeypatch.setenv("OIDC_CLIENT_ID", CLIENT_ID)
        handler = importlib.reload(handler)
        response = get(handler)
        assert f"connect-src 'self' {issuer.url};" in response["headers"]["Content-Security-Policy"]
        assert f"{issuer.url}/authorization" in response["body"]
        assert "access_token" in response["body"]
        issuer.down = True
        assert get(handler)["body"] == response["body"]  # the discovery document is cached for a while
        sign_in._cached.clear()
        assert "unavailable" in get(handler)["body"]
        issuer.down = False
        monkeypatch.setenv("OIDC_AUDIENCE", CLIENT_ID)
        assert "id_token" in get(importlib.reload(handler))["body"]


def test_without_a_client_id_only_keys_can_sign_in(handler, monkeypatch):
    monkeypatch.setenv("OIDC_ISSUER", "https://issuer.example")
    assert settings_of(importlib.reload(handler)) == {"idle_minutes": 0}


def test_the_page_has_the_idle_time_after_which_people_are_signed_out(handler, monkeypatch):
    monkeypatch.setenv("CONSOLE_IDLE_MINUTES", "15")
    assert settings_of(importlib.reload(handler)) == {"idle_minutes": 15}


def test_every_source_reason_and_event_has_a_label():
    texts = (page_files.FOLDER / "texts.js").read_text()
    for name in (*Source, *EventType, *REASONS):
        assert re.search(rf"\b{name}: \"", texts), name
