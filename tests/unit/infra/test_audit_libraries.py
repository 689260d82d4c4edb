"""The verdict on pip-audit's report."""

import pytest

from infra.tools import audit_libraries
from infra.tools.audit_libraries import verdict

CLEAN = {"name": "six", "version": "1.17.0", "vulns": []}
SKIPPED = {"name": "boto3", "skip_reason": "not found"}
VULNERABLE = {"name": "pyjwt", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.0"]}]}


@pytest.mark.parametrize(
    ("libraries", "code", "words"),
    [
        ([CLEAN], 0, "No known vulnerability in the 1 libraries."),
        ([CLEAN, VULNERABLE, SKIPPED], 1, "pyjwt 1.0: PYSEC-1, fixed in 2.0"),
        ([SKIPPED], 0, "not audited"),
        ([CLEAN, SKIPPED], 1, "could not be audited: boto3"),
    ],
)
def test_only_a_complete_audit_passes_without_a_warning(libraries, code, words):
    result = verdict({"dependencies": libraries})
    assert result[0] == code
    assert words in result[1]


def test_without_a_network_the_audit_is_skipped_with_a_warning(monkeypatch, capsys):
    monkeypatch.setattr(audit_libraries, "SERVICE", ("127.0.0.1", 1))
    assert audit_libraries.main() == 0
    assert "not audited: 127.0.0.1 cannot be reached" in capsys.readouterr().out


def test_every_requirement_is_pinned_with_its_hashes():
    for requirement in audit_libraries.REQUIREMENTS.read_text().replace("\\\n", "").splitlines():
        assert "==" in requirement
        assert "--hash=sha256:" in requirement
