"""TypeScript types that are generated from the OpenAPI document compile, with a client that uses them."""

from tests.support import openapi_tools


def test_a_typescript_client_compiles():
    assert openapi_tools.compile_client(openapi_tools.types_folder()) == ""
