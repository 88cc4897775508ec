// Cells of text, as a CSV file holds them: typed by the signature, a column at a time.

import { readDate } from "./moments.js";
import { FaultLog } from "./records.js";

const SAFE_NUMBER = 3.4e38;
const BOOLEANS = new Map([["true", true], ["1", true], ["false", false], ["0", false]]);
const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
// Blanks, apostrophes and minus signs in the one way that a keyboard has.
const ALIKE = { "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2019": "'", "\u2212": "-" };

// Columns of rows of texts: {name: values}, null where one is missing. Raises Problem.
export function readCells({ names, rows }, model) {
  const log = new FaultLog();
  const columns = Object.create(null); // A column may be called __proto__.
  for (const feature of model.signature.features) {
    const { name } = feature;
    const place = names.indexOf(name);
    const read = readerOf(feature, model);
    columns[name] = rows.map((row) => (place < 0 ? null : read(row[place])));
    if (place < 0 && !feature.nullable) log.add([name], model.faults[name].missing);
    for (const [row, value] of columns[name].entries()) {
      if (value === undefined) log.add([row, name], model.faults[name][model.gaps.includes(strip(rows[row][place])) ? "missing" : "wrong"]);
    }
  }
  log.raiseIfAny();
  return columns;
}

// What Python takes for blanks.
function strip(cell) {
  return cell.replace(/^[^\S\ufeff]+|[^\S\ufeff]+$/g, "");
}

// The function that reads a cell: a value, null where it is missing, or undefined if it is not allowed.
function readerOf(feature, model) {
  const { name, type, nullable, max_length: longest } = feature;
  const known = new Set(feature.categories ?? []);
  const named = new Set(feature.categories?.map((_, place) => model.named[name][place]));
  const isFree = type === "text";
  const usual = isFree ? (nullable ? [""] : []) : model.gaps;
  const absent = new Set([...usual, ...feature.gaps].filter((cell) => !named.has(cell)));
  const read = {
    number: numberReader(feature.notation),
    integer: (cell) => whole(numberReader(feature.notation)(cell)),
    boolean: (cell) => BOOLEANS.get(cell.toLowerCase()),
    string: (cell) => cell,
    text: (cell) => (typeof longest === "number" && [...cell].length > longest ? undefined : cell),
    datetime: (cell) => readDate(cell, feature.format, model.zones),
  }[type];
  return (cell) => {
    if (!named.has(cell) && !isFree) {
      const bare = strip(cell); // Blanks around a category are part of it if it is known with them, or not at all.
      if (type !== "string" || named.has(bare) || absent.has(bare)) cell = bare;
    }
    if (absent.has(cell)) return nullable ? null : undefined;
    const value = read(cell);
    return model.closed[name] && !known.has(value) ? undefined : value;
  };
}

const whole = (value) => (Number.isSafeInteger(value) ? value : undefined);

function readNumber(cell) {
  const value = PLAIN.test(cell) ? Number(cell) : NaN;
  return Math.abs(value) <= SAFE_NUMBER ? value : undefined;
}

// Numbers as programs write them, or as the table of training did: 1.234,56; (5); 45%.
function numberReader(notation) {
  if (!notation) return readNumber;
  const pattern = numberPattern(notation);
  return (cell) => {
    const { open, sign, inner, number, close } = pattern.exec(strip(cell.replace(/[^ -~]/g, (letter) => ALIKE[letter] ?? letter)))?.groups ?? {};
    if (number === undefined || Boolean(open) !== Boolean(close)) {
      return notation.thousands === "." ? undefined : readNumber(cell); // 1.500 is no 1.5 there.
    }
    const ungrouped = notation.thousands ? number.replaceAll(notation.thousands, "") : number;
    const value = readNumber(ungrouped.replace(notation.decimal, "."));
    return value !== undefined && (open || sign === "-" || inner === "-") ? -value : value;
  };
}

function numberPattern(notation) {
  const [before, after, decimal, mark] = [notation.before, notation.after, notation.decimal, notation.thousands].map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const between = mark === "," ? String.raw`\d{2,3}` : String.raw`\d{3}`;
  const integer = mark ? String.raw`(?:[1-9]\d{0,2}(?:${mark}${between})*${mark}\d{3}|\d+)` : String.raw`\d+`;
  const number = String.raw`(?:${integer}(?:${decimal}\d*)?|${decimal}\d+)(?:[eE][+-]?\d+)?`;
  return new RegExp(String.raw`^(?<open>\()?\s*(?<sign>[+-])?\s*(?:${before})?\s*(?<inner>[+-])?\s*(?<number>${number})\s*(?:${after})?\s*(?<close>\))?$`);
}
