"""The scrub and the export of `make demo`, on the test stack."""

import csv
import io

from infra.local.demo import exports
from infra.local.demo.client import DemoClient


def test_the_demo_scrubs_and_exports(client, capsys):
    numbers = [f"212{'555'}01{i:02}" for i in range(60)]
    batch = [{"number": number, "region": "US"} for number in numbers]
    assert client.numbers("manager", "POST", "/batch", {"numbers": batch}).status_code == 200
    out = io.StringIO()
    table = csv.writer(out)
    table.writerows([["name", "phone number"], *(["", number] for number in numbers), ["", "12"]])
    demo = DemoClient(client.stack)
    exports.scrub(demo, out.getvalue().encode())
    exports.export(demo)
    printed = capsys.readouterr().out
    assert "the clear file: 60 leads" in printed
    assert "manifest: intact" in printed
