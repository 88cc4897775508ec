// Records of values, checked by the signature as the API does; what is allowed is said in its own words.

import { Problem } from "./api.js";
import { readDate } from "./moments.js";

const SAFE_NUMBER = 3.4e38;

// Columns of records: {name: values}, null where one is missing. Raises Problem.
export function readRecords(records, model) {
  const log = new FaultLog();
  const columns = Object.fromEntries(model.signature.features.map(({ name }) => [name, []]));
  for (const [row, record] of records.entries()) {
    for (const name of Object.keys(record)) if (!Object.hasOwn(columns, name)) log.add([row, name], model.unknown);
    for (const feature of model.signature.features) {
      const { name } = feature;
      const value = Object.hasOwn(record, name) ? record[name] : undefined;
      const read = (value ?? null) === null ? gap(feature) : check(feature, value, model);
      columns[name].push(read);
      if (read === undefined) log.add([row, name], model.faults[name][value === undefined ? "missing" : value === null ? "null" : "wrong"]);
    }
  }
  if (!records.length) log.add([], model.nothing);
  log.raiseIfAny();
  return columns;
}

const gap = ({ nullable }) => (nullable ? null : undefined);

// The value as it goes on, or undefined if it is not allowed.
function check(feature, value, { closed, zones }) {
  if (!isOfType(feature, value)) return undefined;
  if (feature.type === "datetime") return readDate(value, feature.format, zones);
  return closed[feature.name] && !feature.categories.includes(value) ? undefined : value;
}

function isOfType({ type, max_length: longest }, value) {
  if (type === "number") return typeof value === "number" && Math.abs(value) <= SAFE_NUMBER;
  if (type === "integer") return Number.isSafeInteger(value);
  if (type === "boolean") return typeof value === "boolean";
  return typeof value === "string" && (typeof longest !== "number" || [...value].length <= longest);
}

// Counts what is wrong, each with [what is allowed, what the owner can do to have more allowed].
export class FaultLog {
  #errors = [];
  #remedies = new Set();

  add(path, [detail, remedy]) {
    const pointer = path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
    this.#errors.push({ pointer, detail });
    if (remedy) this.#remedies.add(remedy);
  }

  raiseIfAny() {
    const count = this.#errors.length;
    if (!count) return;
    const remedies = [...this.#remedies].join("; ");
    const places = `${count} place${count > 1 ? "s" : ""}`;
    throw new Problem(422, `the records do not fit the model in ${places}: see errors${remedies ? ` (${remedies})` : ""}`, this.#errors);
  }
}
