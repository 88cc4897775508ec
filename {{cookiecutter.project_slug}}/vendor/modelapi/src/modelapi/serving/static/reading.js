// Reads a table that was dropped on the page: {names, rows, typed}, with the numbers of rows that are none in `broken`.

import { parse, separatorOf } from "./csv.js";

const BINARY = /[\x00-\x08\x0e-\x1f]/; // Signs that no text has.

export async function readTable(file) {
  const buffer = await file.arrayBuffer();
  const start = new TextDecoder("latin1").decode(buffer.slice(0, 10_000));
  const isParquet = start.startsWith("PAR1");
  if (!isParquet && (BINARY.test(start) || file.name.endsWith(".parquet"))) throw new Error("This is no table in CSV or Parquet.");
  const table = isParquet ? await readParquetTable(buffer) : readCsv(buffer);
  if (!table.rows.length) throw new Error("This table has no rows below its first line.");
  return table;
}

function readCsv(buffer) {
  const text = decode(buffer);
  const [header, ...cells] = parse(text, separatorOf(text));
  if (!header) throw new Error("This file is empty.");
  const broken = new Map();
  const rows = cells.map((row, number) => {
    if (row.length === header.length + 1 && row.at(-1) === "") return row.slice(0, -1); // A separator at the end.
    if (row.length !== header.length) broken.set(number, `has ${row.length} cells, but the header has ${header.length}`);
    return row;
  });
  return { names: header, rows, typed: false, broken };
}

// UTF-8, or what older programs on Windows write.
function decode(buffer) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(buffer);
  } catch {
    return new TextDecoder("windows-1252").decode(buffer);
  }
}

async function readParquetTable(buffer) {
  const { readParquet } = await import("./hyparquet.js");
  const records = await readParquet(buffer);
  const names = Object.keys(records[0] ?? {});
  const rows = records.map((record) => names.map((name) => plain(record[name])));
  return { names, rows, typed: true, broken: new Map() };
}

// As JSON has it.
function plain(value) {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Date) return value.toISOString().slice(0, -1);
  if (value === undefined || Number.isNaN(value)) return null;
  return value !== null && typeof value === "object" ? JSON.stringify(value) : value;
}
