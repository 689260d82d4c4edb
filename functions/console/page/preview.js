// The first rows of a file, read in the browser, so that a wrong file or column is seen before anything is uploaded.
// It is a look, not the judge: the job reads the whole file by itself.

const HEAD = 64 * 1024;
const SEPARATORS = ["\t", ";", ",", "|"];
const NAMES = /^(phone|phones?[ _-]?(number|no|num)?\d?|number|tel|telephone|mobile|cell|e\.?164|msisdn|dnc)([ _-]?(number|no|num|phone))?\d?$/i;
const digits = (cell) => cell.replace(/\D/g, "").length;
const isNumber = (cell) => digits(cell) >= 7 && digits(cell) <= 15 && !/[a-z]{2}/i.test(cell.replace(/\s*(ext|x)\.?\s*\d+$/i, ""));

/** Give { packed: true } for a zip, else { separator, header, column, rows: [{ line, cells, number }] }; column -1: none found. */
export async function firstRows(file, most = 8) {
  let bytes = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  if (starts(bytes, 0x50, 0x4b, 3, 4)) return { packed: true };
  const gzipped = starts(bytes, 0x1f, 0x8b);
  if (gzipped) bytes = await unzipped(bytes);
  const whole = !gzipped && file.size <= HEAD;
  const lines = rowsOf(decoded(bytes), whole).slice(0, 50);
  const separator = separatorOf(lines.map((one) => one.text));
  const rows = lines.map(({ line, text }) => ({ line, cells: separator ? cellsOf(text, separator) : [unquoted(text)] }));
  const [top] = rows;
  const header = top?.cells.some((cell) => /[a-z]/i.test(cell)) && !top.cells.some(isNumber) ? rows.shift().cells : null;
  const split = !header && rows.length > 0 && rows.every(({ cells }) => cells.length === 2 && /^\d{3}$/.test(cells[0].trim()) && /^\d{7}$/.test(cells[1].trim()));
  const column = split ? 0 : columnOf(header, rows);
  const number = (cells) => (split ? cells.join("") : cells[column] ?? "");
  return { separator, header, column, rows: rows.slice(0, most).map(({ line, cells }) => ({ line, cells, number: number(cells).trim() })) };
}

const starts = (bytes, ...wanted) => wanted.every((byte, n) => bytes[n] === byte);

/** Unpack as much as there is of a gzip file's head. */
async function unzipped(bytes) {
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
    if (!parts.length) throw cut; // only the head was given, so its end is missing
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

/** Cut a text into rows, each with the line it began on; a quoted field may go on over lines. */
function rowsOf(text, whole) {
  const rows = [];
  let [from, line, began, quoted] = [0, 1, 1, false];
  for (let n = 0; n <= text.length; n += 1) {
    const end = n === text.length;
    if (text[n] === '"') quoted = !quoted;
    if (!end && text[n] !== "\n") continue;
    line += 1;
    if (quoted && !end) continue;
    const row = text.slice(from, n).replace(/\r$/, "");
    if (row.trim() && (whole || !end)) rows.push({ line: began, text: row });
    [from, began] = [n + 1, line];
  }
  return rows;
}

/** What splits most rows into the same number of cells. */
function separatorOf(lines) {
  let [best, score] = ["", 0];
  for (const separator of SEPARATORS) {
    const widths = {};
    for (const line of lines) widths[cellsOf(line, separator).length] = (widths[cellsOf(line, separator).length] ?? 0) + 1;
    const [width, times] = Object.entries(widths).sort(([, one], [, other]) => other - one)[0] ?? [1, 0];
    if (width > 1 && times >= lines.length * 0.7 && times * 100 + Number(width) > score) [best, score] = [separator, times * 100 + Number(width)];
  }
  return best;
}

function cellsOf(text, separator) {
  const cells = [""];
  let quoted = false;
  for (const char of text) {
    if (char === '"') quoted = !quoted;
    if (char === separator && !quoted) cells.push("");
    else cells[cells.length - 1] += char;
  }
  return cells.map(unquoted);
}

const unquoted = (cell) => cell.trim().replace(/^"([^]*)"$/, "$1").replaceAll('""', '"');

function columnOf(header, rows) {
  const named = header?.findIndex((name) => NAMES.test(name.trim())) ?? -1;
  if (named >= 0) return named;
  const width = Math.max(0, ...rows.map(({ cells }) => cells.length));
  const fits = Array.from({ length: width }, (_, n) => rows.filter(({ cells }) => isNumber(cells[n] ?? "")).length);
  const most = Math.max(0, ...fits);
  return most > 0 ? fits.indexOf(most) : -1;
}
