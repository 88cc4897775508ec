// Predicts the rows of a table, block by block, around those that cannot be predicted.

import { placeOf } from "./words.js";

const BLOCK = 10_000; // Rows.

// The columns of the table that the model takes, under the names that it has for them.
export function fit(table, features) {
  const known = new Map(features.map((feature) => [feature.name, feature]));
  const names = table.names.map((name) => (known.has(name) ? name : name.trim()));
  const places = names.flatMap((name, place) => (known.has(name) ? [place] : []));
  const missing = features.filter((feature) => !feature.nullable && !names.includes(feature.name)).map(({ name }) => name);
  if (missing.length) throw new Error(`This table lacks columns that the model needs: ${missing.join(", ")}.`);
  if (!places.length) throw new Error(`This table has no column that the model takes: ${[...known.keys()].join(", ")}.`);
  return {
    taken: { ...table, names: places.map((place) => names[place]), rows: table.rows.map((row) => places.map((place) => row[place])) },
    left: names.filter((name) => !known.has(name)),
  };
}

// {names, rows, reasons}: the columns of the predictions; reasons why rows have none, by their numbers.
export async function predictAll(api, { names, rows, typed, broken }, options, progress) {
  const answered = { names: [], rows: new Array(rows.length), reasons: new Map(broken) };
  let size = BLOCK;
  for (let start = 0; start < rows.length; ) {
    const end = Math.min(start + size, rows.length);
    let asked = range(start, end).filter((row) => !answered.reasons.has(row));
    while (asked.length) {
      try {
        const part = await api.predictTable({ names, rows: asked.map((row) => rows[row]), typed }, options);
        answered.names = part.names;
        for (const [place, row] of asked.entries()) answered.rows[row] = part.rows[place];
        break;
      } catch (error) {
        if (error.status === 413 && size > 1) break; // Of fewer rows at a time.
        const found = faultsByRow(error);
        if (!found.size) throw error;
        for (const [place, reason] of found) answered.reasons.set(asked[place], reason);
        asked = asked.filter((_, place) => !found.has(place));
      }
    }
    if (asked.length && !answered.rows[asked[0]]) {
      size = Math.ceil(size / 2);
      continue;
    }
    if (!answered.names.length) throw new Error(`None of the first ${end} rows fits: ${[...answered.reasons.values()][0]}.`);
    progress(end / rows.length);
    start = end;
  }
  return answered;
}

const range = (start, end) => Array.from({ length: end - start }, (_, place) => start + place);

// A problem has a pointer for each fault, as /17/Age.
function faultsByRow({ errors }) {
  const found = new Map();
  for (const { pointer, detail } of errors ?? []) {
    const [row, ...names] = placeOf(pointer);
    if (!/^\d+$/.test(row ?? "")) continue;
    const reason = `${[...names, ""].join(" ")}${detail.replace(/^row \d+: /, "")}`;
    found.set(Number(row), [found.get(Number(row)), reason].filter(Boolean).join("; "));
  }
  return found;
}
