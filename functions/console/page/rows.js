// Rows and cells of a text, and which cells look like phone numbers. Used for what is pasted and for the preview of a file.

const SEPARATORS = ["\t", ";", ",", "|"];
export const NAMES = /^(home|work|mobile|cell|primary|alt(ernate)?|other)?[ _-]?(phone|phones?[ _-]?(number|no|num)?\d?|number|tel|telephone|telefon|mobile|cell|e\.?164|msisdn|dnc)([ _-]?(number|no|num|phone))?[ _-]?\d?$/i;
const digits = (cell) => cell.replace(/\D/g, "").length;
const ZIP = /^\d{5}-\d{4}$/;
const DATE = /^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})([ T].*)?$/;

/** Whether a cell could be a phone number: 7 to 15 digits and hardly a letter, and neither a ZIP code nor a date. */
export function looksLikePhone(cell) {
  const text = (cell ?? "").trim();
  if (ZIP.test(text) || DATE.test(text)) return false;
  return digits(text) >= 7 && digits(text) <= 15 && !/\p{L}{2}/u.test(text.replace(/\s*(ext|x)\.?\s*\d+$/i, "").replace(/^(tel|sips?|callto|whatsapp):/i, ""));
}

/** Cut a text into rows, each with the line on which it begins. A quoted field may span lines. */
export function rowsOf(text, whole) {
  const rows = [];
  let [at, line] = [0, 1];
  while (at < text.length) {
    const end = endOf(text, at);
    const row = text.slice(at, end);
    if (row.trim() && (whole || end < text.length)) rows.push({ line, text: row });
    const ended = text.slice(end, end + 2) === "\r\n" ? end + 2 : end + 1;
    line += row.split(/\r\n|\r|\n/).length;
    at = ended;
  }
  return rows;
}

/** Return where a row ends. A quotation mark that opens no field, or is never closed, is an ordinary character. */
function endOf(text, begin) {
  let quoted = false;
  for (let n = begin; n < text.length; n += 1) {
    if (quoted && text[n] === '"') {
      if (text[n + 1] === '"') n += 1;
      else quoted = false;
    } else if (!quoted && text[n] === '"' && (n === begin || SEPARATORS.includes(text[n - 1]))) quoted = true;
    else if (!quoted && (text[n] === "\n" || text[n] === "\r")) return n;
  }
  if (!quoted) return text.length;
  const line = /[\r\n]/.exec(text.slice(begin));
  return line ? begin + line.index : text.length;
}

/** The character that splits most rows into the same number of cells, or "". */
export function separatorOf(lines) {
  let [best, score] = ["", 0];
  for (const separator of SEPARATORS) {
    const widths = {};
    for (const line of lines) {
      const width = cellsOf(line, separator).length;
      widths[width] = (widths[width] ?? 0) + 1;
    }
    const [width, times] = Object.entries(widths).sort(([, one], [, other]) => other - one)[0] ?? [1, 0];
    if (width > 1 && times >= lines.length * 0.7 && times * 100 + Number(width) > score) [best, score] = [separator, times * 100 + Number(width)];
  }
  return best;
}

export function cellsOf(text, separator) {
  const cells = [""];
  let quoted = false;
  for (const char of text) {
    if (char === '"' && (quoted || !cells.at(-1).trim())) quoted = !quoted;
    else if (char === '"' && /^\s*"/.test(cells.at(-1))) quoted = true; // the second of a doubled one
    if (char === separator && !quoted) cells.push("");
    else cells[cells.length - 1] += char;
  }
  return cells.map(unquoted);
}

export const unquoted = (cell) => cell.trim().replace(/^"([^]*)"$/, "$1").replaceAll('""', '"').trim();
