// The first rows of a file, read in the browser, so that a wrong file or column is seen before anything is uploaded.
// It is only a preview: the job reads the whole file itself.

import { cellsOf, looksLikePhone, NAMES, rowsOf, separatorOf, unquoted } from "./rows.js";

const HEAD = 64 * 1024;
const SPREADSHEET = /\.(xlsx|xlsm|xls|ods)$/i;

/**
 * Return { kind: "zip" | "spreadsheet" }, or { kind: "text", separator, header, columns, split, rows: [{ line, cells }] }.
 * `columns`: the columns with phone numbers, from 0; `split`: the number is in two columns, as registries write it.
 */
export async function firstRows(file, most = 8) {
  let bytes = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  if (SPREADSHEET.test(file.name) || starts(bytes, 0xd0, 0xcf, 0x11, 0xe0)) return { kind: "spreadsheet" };
  if (starts(bytes, 0x50, 0x4b, 3, 4)) return { kind: "zip" };
  const gzipped = starts(bytes, 0x1f, 0x8b);
  if (gzipped) bytes = await unpacked(bytes);
  const whole = !gzipped && file.size <= HEAD;
  const lines = rowsOf(decoded(bytes).replace(/^sep=.\r?\n/i, ""), whole).slice(0, 50);
  const separator = separatorOf(lines.map((one) => one.text));
  const rows = lines.map(({ line, text }) => ({ line, cells: separator ? cellsOf(text, separator) : [unquoted(text)] }));
  const [top] = rows;
  const header = top?.cells.some((cell) => /\p{L}/u.test(cell)) && !top.cells.some(looksLikePhone) ? rows.shift().cells : null;
  const split = !header && rows.length > 0 && rows.every(({ cells }) => cells.length === 2 && /^\d{3}$/.test(cells[0]) && /^\d{7}$/.test(cells[1]));
  return { kind: "text", separator, header, split, columns: split ? [0, 1] : phoneColumns(header, rows), rows: rows.slice(0, most) };
}

const starts = (bytes, ...wanted) => wanted.every((byte, n) => bytes[n] === byte);

/** Unpack the head of a gzip file as far as it goes. */
async function unpacked(bytes) {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const parts = [];
  let length = 0;
  try {
    while (length < HEAD) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      length += value.length;
    }
  } catch (cut) {
    if (!parts.length) throw cut; // only the head was read, so the end is missing
  }
  reader.cancel().catch(() => {});
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function decoded(bytes) {
  if (starts(bytes, 0xff, 0xfe)) return new TextDecoder("utf-16le").decode(bytes);
  if (starts(bytes, 0xfe, 0xff)) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

function phoneColumns(header, rows) {
  const named = (header ?? []).flatMap((name, n) => (NAMES.test(name.trim()) ? [n] : []));
  if (named.length) return named;
  const width = Math.max(0, ...rows.map(({ cells }) => cells.length));
  const fits = Array.from({ length: width }, (_, n) => rows.filter(({ cells }) => looksLikePhone(cells[n])).length);
  const most = Math.max(0, ...fits);
  return most > 0 ? [fits.indexOf(most)] : [];
}
