"""What `make demo` tells of scrubs and exports, told on the stack of the tests: each line is checked by the story."""

import csv
import io

from infra.local.demo import exports as demo_bulk_exports
from infra.local.demo.story import Story


def test_the_story_of_what_goes_out_holds(client, capsys):
    numbers = [f"212{'555'}01{i:02}" for i in range(60)]
    batch = [{"number": number, "region": "US"} for number in numbers]
    assert client.numbers("manager", "POST", "/batch", {"numbers": batch}).status_code == 200
    out = io.StringIO()
    table = csv.writer(out)
    table.writerows([["name", "phone number"], *(["", number] for number in numbers), ["", "12"]])
    story = Story(client.stack)
    demo_bulk_exports.scrub(story, out.getvalue().encode())
    demo_bulk_exports.export(story)
    told = capsys.readouterr().out
    assert "the clear file: 60 leads" in told
    assert "manifest: intact" in told
