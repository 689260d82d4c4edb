"""What ships: each built artifact imports with only its own folder on the path."""

import os
import subprocess
import sys

import pytest

HANDLERS = {
    "AddNumberFunction": "add_number.handler",
    "ListNumbersFunction": "list_numbers.handler",
    "RemoveNumberFunction": "remove_number.handler",
    "CheckNumbersFunction": "check_numbers.handler",
    "CheckNumbersApiFunction": "check_numbers.api",
    "AuditChangesFunction": "audit_changes.handler",
    "AuthorizeFunction": "authorize.handler",
    "ManageAccountsFunction": "manage_accounts.handler",
    "ReadStatsFunction": "read_stats.handler",
    "ImportNumbersFunction": "import_numbers.handler",
    "ReadJobsFunction": "read_jobs.handler",
    "PlanImportFunction": "import_numbers.plan",
    "WriteImportFunction": "import_numbers.write",
    "FinishImportFunction": "import_numbers.finish",
    "ScrubLeadsFunction": "scrub_leads.handler",
    "PlanScrubFunction": "scrub_leads.plan",
    "ReadListFunction": "scrub_leads.read_list",
    "LookAtLeadsFunction": "scrub_leads.look",
    "FinishScrubFunction": "scrub_leads.finish",
    "ExportAccountFunction": "export_account.handler",
    "WriteExportFunction": "export_account.step",
    "BeginNightFunction": "export_account.nightly",
    "ConsoleFunction": "console.handler",
}
LOOK = """
import importlib, sys
folder = sys.argv[1]
sys.path[:] = [folder, *(p for p in sys.path if "site-packages" not in p and p)]
importlib.import_module(sys.argv[2])
import jwt, cryptography.hazmat.primitives.asymmetric.rsa
outside = {n for n, m in sys.modules.items() if "site-packages" in (getattr(m, "__file__", None) or "")}
sys.exit(f"imported from outside: {outside}" if outside else 0)
"""


@pytest.mark.parametrize("artifact", sorted(HANDLERS))
def test_an_artifact_imports_alone(build_folder, artifact):
    names = (
        "NUMBERS_TABLE",
        "AUDIT_TABLE",
        "ACCOUNTS_TABLE",
        "EVENT_BUS",
        "BULK_BUCKET",
        "IMPORT_MACHINE",
        "EXPORT_MACHINE",
    )
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "PATH": os.environ["PATH"], **dict.fromkeys(names, "x")}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LOOK, str(build_folder / artifact), HANDLERS[artifact]],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=build_folder,
    )
    assert done.returncode == 0, done.stderr
