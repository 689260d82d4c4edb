// Extracts numbers from pasted text: one per line, several in a line, or the columns of a sheet.

import { looksLikePhone, NAMES, rowsOf, separatorOf, cellsOf, unquoted } from "./rows.js";

const HEADER = /\p{L}/u;
const LIST = /[,;\t|]/;
const REGISTRY = /^\d{3}\s*,\s*\d{7}$/; // area code and number, as registries write them
const FORMATTED = /^\+\d|^\(\d|\d[-.]\d/;
const STRONG = /^\+|[\s().-]|^\d{10,11}$/;

/**
 * Return the numbers in a text as written: [{ line, text }], `line` from 1. If the text is a sheet, only its
 * phone columns count; in other lines, every number counts. A line without a number is returned whole, to be refused.
 */
export function numbersIn(text) {
  const lines = rowsOf(text, true);
  const separator = lines.length > 1 ? separatorOf(lines.map((one) => one.text)) : "";
  const rows = lines.map(({ line, text: row }) => ({ line, text: row, cells: separator ? cellsOf(row, separator) : row.split(LIST).map(unquoted) }));
  const columns = separator && !rows.every(({ text: row }) => REGISTRY.test(row.trim())) ? phoneColumns(rows) : null;
  const header = rows.length > 1 && isHeader(rows[0], columns) ? rows[0] : null;
  return rows.filter((row) => row !== header).flatMap((row) => (columns ? fromColumns(row, columns) : fromLine(row)));
}

const isHeader = ({ cells }, columns) =>
  cells.some((cell) => NAMES.test(cell.trim())) || (Boolean(columns) && cells.some((cell) => HEADER.test(cell)) && !cells.some(looksLikePhone));

/** The columns with phone numbers: those whose header says so, or else those where most cells look like one. */
function phoneColumns(rows) {
  const named = rows[0].cells.flatMap((cell, n) => (NAMES.test(cell.trim()) ? [n] : []));
  if (named.length && rows.length > 1) return named;
  const width = Math.max(...rows.map(({ cells }) => cells.length));
  const most = (fits) => Array.from({ length: width }, (_, n) => n).filter((n) => {
    const filled = rows.filter(({ cells }) => cells[n]?.trim());
    return filled.length && filled.filter(({ cells }) => fits(cells[n].trim())).length >= filled.length * 0.6;
  });
  const found = most(looksLikePhone);
  const strong = most((cell) => looksLikePhone(cell) && STRONG.test(cell)); // this excludes ids of nine digits
  return strong.length ? strong : found.length ? found : null;
}

/** The numbers in the phone columns, and anything else in the row that is clearly written as a phone number. */
function fromColumns({ line, text, cells }, columns) {
  const found = cells.map((cell) => cell.trim()).filter((cell, n) => cell && (columns.includes(n) || (FORMATTED.test(cell) && looksLikePhone(cell))));
  if (found.length) return found.map((one) => ({ line, text: one }));
  return fromLine({ line, text });
}

/** A line without columns: each part that looks like a number, or else the whole line. */
function fromLine({ line, text }) {
  const whole = unquoted(text);
  if (REGISTRY.test(whole)) return [{ line, text: whole.replace(/\D/g, "") }];
  if (!LIST.test(whole)) return [{ line, text: whole }];
  const parts = whole.split(LIST).map(unquoted).filter(Boolean);
  const numbers = parts.filter((part) => /\d/.test(part) && looksLikePhone(part));
  if (!numbers.length) return [{ line, text: whole }];
  const doubtful = parts.filter((part) => !numbers.includes(part) && /^\+?[\d\s().-]+$/.test(part) && numbers.length + 1 >= parts.length);
  return [...numbers, ...(numbers.length === parts.length ? [] : doubtful)].map((one) => ({ line, text: one }));
}

/** Whether a spreadsheet shortened a long number (2.12555E+09). Its last digits are lost and must not be guessed. */
export const shortened = (text) => /^\s*\d(?:[.,]\d+)?E\+?\d+\s*$/i.test(text);

const LONG = 20_000; // characters

/** Paste a long text at once. A browser would insert it line by line, which takes a minute for a few thousand lines. */
export function pasteAtOnce(textarea) {
  textarea.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain");
    if (text.length < LONG) return;
    event.preventDefault();
    textarea.setRangeText(text, textarea.selectionStart, textarea.selectionEnd, "end");
    textarea.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
