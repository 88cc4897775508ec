// One field for each kind of feature. Each has {control, focusable id, read(), write(value)}; undefined is no value.

import { element } from "./dom.js";
import { called } from "./words.js";

const FEW = 4; // Categories that may stand side by side,
const SHORT = 26; // if they have no more characters together.
const LONG = 24; // Characters of a label that asks for more room.
const MANY = 200; // Those beyond are typed.
const FEW_CODES = 20; // Whole numbers in a range.

export const isNumber = (feature) => feature.type === "number" || feature.type === "integer";

// The values that there are; null where a field takes others too.
export function choicesOf(feature) {
  return feature.type === "boolean" ? [false, true] : feature.categories ?? codesOf(feature);
}

// Whole numbers that have labels, as Feature.named of signature.py has them.
function codesOf({ type, labels, minimum, maximum }) {
  const isNamed = type === "integer" && Object.keys(labels ?? {}).length > 0 && typeof minimum === "number";
  if (!isNamed || maximum - minimum >= FEW_CODES) return null;
  return Array.from({ length: maximum - minimum + 1 }, (_, place) => minimum + place);
}

export function makeControl(feature, id) {
  const known = choicesOf(feature);
  if (feature.type === "text") return area(feature, id);
  if (known && isShort(known.map((value) => called(feature, value)))) return radios(feature, id, known);
  if (known && known.length <= MANY) return select(feature, id, known);
  if (isNumber(feature)) return number(feature, id);
  if (feature.type === "datetime") return date(feature, id);
  return plain(element("input", { id, type: "text", autocomplete: "off" }), String);
}

const isShort = (labels) => labels.length <= FEW && labels.join("  ").length <= SHORT;

function plain(control, read) {
  return {
    control,
    read: () => (control.value === "" ? undefined : read(control.value)),
    write: (value) => {
      control.value = value ?? "";
    },
  };
}

function area(feature, id) {
  const control = element("textarea", { id, rows: 4, maxLength: feature.max_length ?? undefined });
  return { ...plain(control, String), read: () => (feature.nullable && control.value === "" ? undefined : control.value), wide: true };
}

function radios(feature, id, known) {
  const choices = known.map((value, place) =>
    element(
      "label",
      { className: "choice" },
      element("input", { type: "radio", name: id, id: place ? `${id}-${place}` : id, value: String(place) }),
      element("span", {}, called(feature, value))
    )
  );
  const inputs = choices.map((choice) => choice.firstChild);
  return {
    control: element("div", { className: "choices" }, ...choices),
    group: true,
    read: () => known[inputs.findIndex((input) => input.checked)],
    write: (value) => inputs.forEach((input, place) => (input.checked = known[place] === value)),
  };
}

function select(feature, id, known) {
  const options = known.map((value, place) => element("option", { value: String(place) }, called(feature, value)));
  const control = element("select", { id }, element("option", { value: "", hidden: true }), ...options);
  return {
    control,
    wide: options.some((option) => option.text.length > LONG),
    read: () => (control.value === "" ? undefined : known[Number(control.value)]),
    write: (value) => {
      control.value = known.includes(value) ? String(known.indexOf(value)) : "";
    },
  };
}

function number(feature, id) {
  const step = stepOf(feature);
  const field = element("input", { id, type: "number", step: "any", inputMode: "decimal", autocomplete: "off" });
  const base = plain(field, Number);
  if (step === null) return base;
  // The field beside it is for the keyboard and for screen readers: one stop each is enough.
  const slider = element("input", { type: "range", tabIndex: -1, "aria-hidden": "true" });
  Object.assign(slider, { min: String(floor(feature.minimum, step)), max: String(feature.maximum), step: String(step) });
  const follow = () => {
    if (field.value !== "") slider.value = field.value;
  };
  field.addEventListener("input", follow);
  slider.addEventListener("input", () => {
    field.value = slider.value;
  });
  return {
    ...base,
    control: element("div", { className: "pair" }, field, slider),
    write: (value) => {
      base.write(value);
      follow();
    },
  };
}

const floor = (value, step) => tidy(Math.floor(value / step) * step, step);

// Some hundred steps over the range; null where there is none.
export function stepOf({ type, minimum, maximum }) {
  if (typeof minimum !== "number" || !(maximum > minimum)) return null;
  const rough = 10 ** Math.floor(Math.log10((maximum - minimum) / 100));
  return type === "integer" ? Math.max(1, rough) : rough;
}

// Without the tail that binary fractions have.
export function tidy(value, step) {
  return Number(value.toFixed(Math.max(0, Math.ceil(-Math.log10(step)))));
}

function date(feature, id) {
  const hasTime = [feature.example, feature.minimum, feature.maximum].some((moment) => String(moment).includes("T"));
  const control = element("input", hasTime ? { id, type: "datetime-local", step: "1" } : { id, type: "date" });
  const write = (value) => {
    control.value = hasTime && value && !value.includes("T") ? `${value}T00:00:00` : (value ?? "").slice(0, hasTime ? 19 : 10);
  };
  return { ...plain(control, String), write };
}
