"""Anyone who keeps one digest can verify every export before it: every kind of change is detected."""

import json
import shutil

import pytest

from dnc.audit import chain as audit
from dnc.bulk.exports import manifest as manifests
from dnc.bulk.exports.gzip_file import ExportFile
from dnc.bulk.exports.manifest import ChainEnd, ExportSummary
from infra.tools.verify_export import main, verify


@pytest.fixture
def folder(tmp_path):
    """Four exports of one account, as downloaded."""
    link = ChainEnd()
    for i in range(4):
        form = "jsonl" if i == 3 else "csv"
        here = tmp_path / f"2026-11-2{i}"
        here.mkdir()
        files = []
        for n in range(i):
            out = ExportFile('a,"b"\r\n' if form == "csv" else "")
            out.add('1,"two\nlines ""quoted"""\r\n' if form == "csv" else "{}\n")
            out.add(f"{i},{n}\r\n" if form == "csv" else f'{{"n":{n}}}\n')
            file, body = out.finish(f"numbers-{n + 1:05}", form)
            (here / file.name).write_bytes(body)
            files.append(file)
        summary = ExportSummary("acme", f"e{i}", "numbers", form, None, None, "s", "r", "0.1.0+abc", files)
        body = manifests.written(manifest := manifests.manifest(summary, link))
        (here / "manifest.json").write_bytes(body)
        link = manifests.end_of_chain(manifest, body)
    (tmp_path / "head").write_text(link.sha256)
    return tmp_path


def faults(folder):
    [verdict] = verify(folder)
    return verdict.faults


def test_an_intact_chain_is_reported_with_its_head(folder, capsys):
    [verdict] = verify(folder)
    assert (verdict.exports, verdict.files, verdict.rows, verdict.faults, verdict.notes) == (4, 6, 12, [], [])
    assert verdict.head == (folder / "head").read_text()
    assert main([str(folder), "--head", verdict.head]) == 0
    assert "acme: intact: 4 exports" in capsys.readouterr().out


def test_a_changed_file_is_detected(folder):
    [file, _] = sorted((folder / "2026-11-22").glob("*.gz"))
    body = bytearray(file.read_bytes())
    body[20] ^= 1
    file.write_bytes(body)
    assert len(faults(folder)) == 1
    assert "was changed" in faults(folder)[0]
    file.write_bytes(body + b"x")
    assert "bytes, not" in faults(folder)[0]
    file.unlink()
    assert "is missing" in faults(folder)[0]


@pytest.mark.parametrize("i", [0, 1, 2])
def test_the_next_manifest_reveals_a_changed_one(folder, i):
    path = folder / f"2026-11-2{i}" / "manifest.json"
    summary = json.loads(path.read_text())
    path.write_bytes(manifests.written({**summary, "started_at": "another time"}))
    assert any("one of the two was changed" in fault for fault in faults(folder))


def test_a_digest_stored_elsewhere_reveals_a_missing_last_manifest(folder, capsys):
    head = (folder / "head").read_text()
    shutil.rmtree(folder / "2026-11-23")
    assert faults(folder) == []
    assert main([str(folder), "--head", head]) == 1
    assert "no account's chain ends with" in capsys.readouterr().out


def test_a_missing_export_is_detected_and_a_later_start_is_noted(folder):
    shutil.rmtree(folder / "2026-11-20")
    [verdict] = verify(folder)
    assert verdict.faults == []
    assert "the chain begins at export 2" in verdict.notes[0]
    shutil.rmtree(folder / "2026-11-22")
    assert any("some are missing" in fault for fault in faults(folder))


def test_a_fork_is_detected_and_a_copy_is_only_noted(folder):
    shutil.copytree(folder / "2026-11-21", folder / "copy")
    [verdict] = verify(folder)
    assert verdict.faults == []
    assert "second copy" in verdict.notes[0]
    path = folder / "copy" / "manifest.json"
    path.write_bytes(manifests.written({**json.loads(path.read_text()), "export_id": "other"}))
    assert any("and so is" in fault for fault in faults(folder))


def test_a_file_name_in_a_manifest_cannot_reach_another_folder(folder):
    path = folder / "2026-11-21" / "manifest.json"
    summary = json.loads(path.read_text())
    summary["files"][0]["name"] = "../head"
    path.write_bytes(manifests.written(summary))
    assert any(str(folder / "2026-11-21" / "head") in fault for fault in faults(folder))


def test_an_unreadable_manifest_is_a_fault(folder, capsys):
    (folder / "manifest.json").write_text("[]")
    assert main([str(folder)]) == 1
    assert "is not a readable manifest" in capsys.readouterr().out


def test_an_empty_folder_is_an_error(tmp_path):
    assert main([str(tmp_path)]) == 1
    assert main([str(tmp_path / "nowhere")]) == 1


def test_an_event_altered_before_the_export_is_detected(tmp_path):
    event = {"number": "+14155550100", "index": 1, "reason": None}
    event["digest"] = audit.digest(event)
    for name, row, wrong in (("one", event, 0), ("two", {**event, "reason": "test_number"}, 1)):
        here = tmp_path / name
        here.mkdir()
        out = ExportFile("")
        out.add(json.dumps(row) + "\n")
        file, body = out.finish("audit-00001", "jsonl")
        (here / file.name).write_bytes(body)
        summary = manifests.manifest(
            ExportSummary(name, "e", "audit", "jsonl", "a", "b", "s", "r", "v", [file]), ChainEnd()
        )
        (here / "manifest.json").write_bytes(manifests.written(summary))
        [verdict] = verify(here)
        assert (len(verdict.faults), verdict.rows) == (wrong, 1)
