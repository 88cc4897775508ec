// Columns as a graph takes them: rounded as the column of training was, dates in parts, texts counted.

import { PARTS } from "./moments.js";
import { tensor, TYPES } from "./tensors.js";

const ROUND = { float16: half, float32: Math.fround, Float32: Math.fround };

export function asTrained(columns, features) {
  return Object.fromEntries(
    features.map(({ name, dtype, fill }) => {
      const filled = columns[name].map((value) => value ?? fill ?? null);
      const round = ROUND[dtype];
      return [name, round ? filled.map((value) => (typeof value === "number" ? finite(round(value), value) : value)) : filled];
    })
  );
}

const finite = (rounded, value) => (Number.isFinite(rounded) ? rounded : value);

// To the nearest number of 11 bits.
function half(value) {
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), -14);
  const step = 2 ** (exponent - 10);
  const steps = value / step;
  const floor = Math.floor(steps);
  const up = steps - floor > 0.5 || (steps - floor === 0.5 && floor % 2 !== 0);
  const rounded = value === 0 ? value : (floor + Number(up)) * step;
  return Math.abs(rounded) > 65_504 ? Infinity : rounded;
}

// The inputs of a graph by name, and how each text of theirs is counted.
export function feedsOf(columns, { signature, graph, missing }, counters) {
  const all = signature.features.flatMap(({ name, parts }) =>
    parts ? parts.map((part) => columns[name].map((moment) => (moment === null ? NaN : PARTS[part](moment)))) : [columns[name]]
  );
  return Object.fromEntries(
    graph.inputs.map(({ name, kind, columns: own }) => {
      const parts = own.map((place) => all[place]);
      return [name, Object.hasOwn(counters, name) ? counters[name](parts[0]) : matrix(parts, TYPES[kind], missing)];
    })
  );
}

function matrix(parts, type, missing) {
  const [{ length }] = parts;
  const write = type === "string" ? (value) => value ?? missing : (value) => (value === null ? NaN : Number(value));
  const cells = Array.from({ length: length * parts.length }, (_, place) => write(parts[place % parts.length][Math.floor(place / parts.length)]));
  return tensor(type, [length, parts.length], cells);
}
