// Says names, labels and numbers as people do.

// What ranges and categories were seen in.
export const sourceOf = (signature) => (signature.seen_in === "sample" ? "the sample" : "training");

export const titleOf = (column) => column.title || column.name;

// A label of the data by the name that the project gave it; tables write true as Python does.
export function called(column, label) {
  const name = Object.keys(column.labels ?? {}).find((one) => isNameOf(one, label) || one === String(label).toLowerCase());
  return column.labels?.[name] ?? String(label);
}

// A value of a column: by its label, or a number with its unit.
export function said(column, value) {
  const label = called(column, value);
  const isNumber = typeof value === "number" && label === String(value) && !column.categories;
  return isNumber ? withUnit(legible(value), column) : label;
}

// Whether a label has this name; that of the number 1 is "1.0" where the classes are no integers.
export const isNameOf = (name, label) => name === String(label) || name === `${label}.0`;

// At most `digits` of them, without a long tail: 0.1 + 0.2 is 0.3.
export function legible(number, digits = 6) {
  if (typeof number !== "number") return String(number);
  const size = Math.abs(number);
  if (size !== 0 && (size >= 1e15 || size < 1e-6)) return withMinus(number.toPrecision(3));
  const maximumSignificantDigits = Math.max(digits, Math.ceil(Math.log10(size + 1)));
  return withMinus(new Intl.NumberFormat("en", { maximumSignificantDigits, useGrouping: "min2" }).format(number));
}

const withMinus = (text) => text.replace(/^-/, "−");

// A number of rows.
export const count = (number) => new Intl.NumberFormat("en").format(number);

const tenths = (share) => Math.round(share * 1000) / 10;

export const percent = (share) => `${legible(tenths(share))}\u00a0%`;

export const signedPercent = (share) => `${signed(tenths(share))}\u00a0%`;

export function signed(number, digits = 3) {
  const text = legible(Math.abs(number), digits);
  return number ? `${number < 0 ? "−" : "+"}${text}` : text;
}

export const withUnit = (text, column) => (column.unit ? `${text} ${column.unit}` : text);

// JSON pointers (RFC 6901) of a fault, as names.
export function placeOf(pointer) {
  return pointer.split("/").slice(1).map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
}

// The members of an object, those of objects in it too, each under its path: {prediction_a: 1, prediction_b: 2}.
export function flatten(value, path) {
  if (value === null || typeof value !== "object") return { [path]: value };
  return Object.assign({}, ...Object.entries(value).map(([name, part]) => flatten(part, `${path}_${name}`)));
}
