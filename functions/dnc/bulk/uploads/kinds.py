"""Recognizes unsupported kinds of files by their first bytes, and says what to do instead."""

import json
import re

_EXPORT_CSV = "Export the list as CSV, and upload that."
_MAGIC = (
    (b"\x89PNG", "is a PNG picture. Upload the numbers as CSV."),
    (b"\xff\xd8\xff", "is a JPEG picture. Upload the numbers as CSV."),
    (b"GIF8", "is a GIF picture. Upload the numbers as CSV."),
    (b"%PDF", "is a PDF document. Export the list as CSV from the program that made it, and upload that."),
    (b"Rar!", "is a RAR archive. Unpack it and upload the list, or pack it as zip."),
    (b"7z\xbc\xaf", "is a 7z archive. Unpack it and upload the list, or pack it as zip."),
    (b"BZh", "is a bzip2 archive. Unpack it and upload the list, or pack it as zip or gzip."),
    (b"\xfd7zXZ", "is an xz archive. Unpack it and upload the list, or pack it as zip or gzip."),
    (b"\x28\xb5\x2f\xfd", "is a zstd archive. Unpack it and upload the list, or pack it as zip or gzip."),
    (b"PAR1", f"is a Parquet file. {_EXPORT_CSV}"),
    (b"SQLite format 3", f"is an SQLite database. {_EXPORT_CSV}"),
    (b"\x7fELF", "is a program. Upload the numbers as CSV."),
    (b"MZ\x90", "is a program. Upload the numbers as CSV."),
    (b"{\\rtf", "is a rich text document. Save it as plain text, with one number on each line."),
)
_NUMBERS_DOCUMENT = "is an Apple Numbers document. In Numbers, choose File > Export To > CSV, and upload the CSV file."
_WORD_DOCUMENT = "is a Word or PowerPoint document. Save the list as CSV or plain text, and upload that."
_BINARY_WORKBOOK = "is a binary Excel workbook (.xlsb). In Excel, choose Save As > CSV UTF-8, and upload the CSV file."
_HTML = "is a web page, even if its name ends in .xls. Open it in a spreadsheet, save it as CSV, and upload that."
_XML = "is XML. Get the same list as CSV or plain text, and upload that."
_SQL = "is an SQL dump. Export the table's rows as CSV, and upload that."
_VCARD = "contains vCards. Export the contacts as CSV (in Google Contacts: Export > Google CSV), and upload that."
_JSON = "is JSON. Export the list as CSV, and upload that."
_MAIL = "is an e-mail message. Save its attachment, and upload that."
_SQL_START = re.compile(
    r"\s*(?:--[^\n]*\n|/\*.*?\*/;?|#[^\n]*\n|\s)*"
    r"(?:insert\s+into|create\s+table|drop\s+table|set\s+\w+|begin\b|copy\s+\w+|lock\s+tables|use\s+`)",
    re.IGNORECASE | re.DOTALL,
)
_HTML_START = re.compile(r"(?:<!doctype\s+html|<html|<table|<head|<body|<meta|<style|<div)", re.IGNORECASE)
_MAIL_START = re.compile(r"(?:from|received|return-path|mime-version|delivered-to): .*\n[\w-]+: ", re.IGNORECASE)


def why_not_read(head: bytes) -> str | None:
    """Return why a file that begins with these bytes is not read, with what to do, or None if it may be a list."""
    for magic, why in _MAGIC:
        if head.startswith(magic):
            return why
    return _why_not_text(_decoded(head))


def why_not_zip(names: list[str]) -> str | None:
    """Return why a zip with these members is not read as an archive of lists, with what to do, or None."""
    if any(name.startswith(("Index/", "index/")) and name.endswith(".iwa") for name in names) or "Index.zip" in names:
        return _NUMBERS_DOCUMENT
    if any(name == "xl/workbook.bin" for name in names):
        return _BINARY_WORKBOOK
    if any(name.startswith(("word/", "ppt/")) for name in names):
        return _WORD_DOCUMENT
    return None


def is_system_file(name: str) -> bool:
    """Return whether an operating system added this member to a zip: `.DS_Store`, `__MACOSX`, dot files."""
    parts = name.replace("\\", "/").split("/")
    return "__MACOSX" in parts or parts[-1].startswith(".") or parts[-1].lower() in {"thumbs.db", "desktop.ini"}


def _decoded(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "ignore")
    return head.decode("utf-8-sig", "replace")


def _why_not_text(text: str) -> str | None:
    start = text.lstrip("\ufeff \t\r\n")
    if _HTML_START.match(start):
        return _HTML
    if start.startswith("<?xml"):
        return _HTML if "<html" in start[:2000].lower() else _XML
    if start[:11].upper() == "BEGIN:VCARD":
        return _VCARD
    if start[:1] in "{[" and _is_json(start):
        return _JSON
    if _SQL_START.match(start) and re.search(r"\b(?:into|table|values|copy)\b", start[:4000], re.IGNORECASE):
        return _SQL
    return _MAIL if _MAIL_START.match(start) else None


def _is_json(text: str) -> bool:
    """Return whether a text begins like JSON or JSON lines."""
    first = text.splitlines()[0] if text else ""
    try:
        return isinstance(json.loads(first), (dict, list))
    except ValueError:
        return bool(re.match(r'[\[{]\s*(?:[\[{]\s*)?(?:"[^"\n]*"\s*[:,\]]|\d+\s*,|$)', text))
