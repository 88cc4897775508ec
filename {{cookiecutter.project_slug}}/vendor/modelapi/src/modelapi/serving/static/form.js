// The form is made from the signature, so it fits whatever model is served.

import { element } from "./dom.js";
import { choicesOf, isNumber, makeControl, stepOf, tidy } from "./fields.js";
import { legible, placeOf, sourceOf, titleOf, withUnit } from "./words.js";

const ENTER = { number: "enter a number", integer: "enter a whole number", datetime: "enter a date from 1678 to 2261" };

export function makeForm(signature, changed) {
  const source = sourceOf(signature);
  const fields = signature.features.map((feature, place) => makeField(feature, `field-${place}`, source, changed));
  const form = {
    element: element("div", {}, ...grouped(fields)),
    record: () => Object.fromEntries(fields.map((field) => [field.feature.name, field.read()]).filter(([, value]) => value !== undefined)),
    // Say at the fields what is wrong with them, and return what is wrong with no field.
    complain: (errors) => {
      fields.forEach((field) => field.complain(detailsOf(errors, field.feature.name)));
      return errors.filter(({ pointer }) => !fields.some((field) => field.feature.name === placeOf(pointer)[1]));
    },
    // Whether all that is entered can be read; what cannot has no value. It is said at the fields where not.
    isReadable: () => {
      const isRight = fields.map((field) => field.check());
      return !isRight.includes(false);
    },
    warn: (warnings) => fields.forEach((field) => field.warn(detailsOf(warnings, field.feature.name))),
    another: () => {
      for (const field of fields) field.write(randomValue(field.feature));
      changed();
    },
  };
  fields.forEach((field) => field.write(field.feature.example));
  return form;
}

// Of the only record, whose faults have pointers as /0/Age.
function detailsOf(faults, name) {
  return faults.filter(({ pointer }) => placeOf(pointer)[1] === name).map(({ detail }) => detail);
}

function grouped(fields) {
  const groups = Map.groupBy ? Map.groupBy(fields, groupOf) : groupBy(fields, groupOf);
  return [...groups].map(([group, members], place) => {
    const grid = element("div", { className: "grid" }, ...members.map((field) => field.element));
    const legend = group || (place ? "Other" : "");
    return legend ? element("fieldset", { className: "group" }, element("legend", {}, legend), grid) : grid;
  });
}

const groupOf = (field) => field.feature.group ?? "";

function groupBy(members, keyOf) {
  const groups = new Map();
  for (const member of members) groups.set(keyOf(member), [...(groups.get(keyOf(member)) ?? []), member]);
  return groups;
}

function makeField(feature, id, source, changed) {
  const made = makeControl(feature, id);
  const hint = element("p", { className: "hint", id: `${id}-hint` }, hintOf(feature, source));
  const note = element("p", { className: "note", id: `${id}-note`, "aria-live": "polite" });
  const gap = feature.nullable ? element("input", { type: "checkbox", role: "switch" }) : null;
  const title = [titleOf(feature), feature.unit ? element("span", { className: "unit" }, ` ${feature.unit}`) : null];
  const described = { "aria-describedby": `${id}-hint ${id}-note` };
  const controls = made.control.matches("input, select, textarea") ? [made.control] : [...made.control.querySelectorAll("input")];
  const place = element(
    made.group ? "fieldset" : "div",
    { className: `field${made.wide ? " wide" : ""}`, ...(made.group ? { role: "radiogroup", ...described } : {}) },
    element(made.group ? "legend" : "label", { className: "name", htmlFor: made.group ? null : id }, ...title),
    gap && element("label", { className: "switch" }, gap, "not known"),
    made.control,
    hint,
    note
  );
  if (!made.group) for (const name of Object.keys(described)) controls[0].setAttribute(name, described[name]);
  const allow = () => controls.forEach((control) => (control.disabled = gap?.checked ?? false));
  const say = (details, className) => {
    note.textContent = details.join("; ");
    note.className = `note ${className}`;
  };
  place.addEventListener("input", () => {
    allow();
    changed();
  });
  const complain = (details) => {
    (made.group ? place : controls[0]).setAttribute("aria-invalid", String(details.length > 0));
    say(details, "wrong");
  };
  return {
    feature,
    element: place,
    read: () => (gap?.checked ? undefined : made.read()),
    write: (value) => {
      if (gap) gap.checked = value === undefined;
      if (value !== undefined) made.write(value);
      allow();
    },
    complain: (details) => complain(details.map((detail) => inWords(feature, made.read(), detail))),
    check: () => {
      const isRight = gap?.checked || !controls.some((control) => control.validity.badInput);
      if (!isRight) complain([ENTER[feature.type]]);
      return isRight;
    },
    warn: (details) => say(details, "warning"),
  };
}

// What the API says to clients, as a form asks for it.
export function inWords({ type }, value, detail) {
  const isOne = typeof value === "number" && (type === "number" || Number.isInteger(value));
  if (/must be (a number|a whole number|a date)/.test(detail)) return isOne ? "this number is too large" : ENTER[type];
  if (detail.startsWith("is missing")) return detail.includes("must be one of") ? "choose one" : "enter something";
  return detail;
}

function hintOf(feature, source) {
  const { description, minimum, maximum } = feature;
  const ends = [minimum, maximum].map((end) => (typeof end === "number" ? legible(end) : end));
  const range = minimum === null || minimum === undefined || choicesOf(feature) ? "" : `${withUnit(ends.join(" to "), feature)} in ${source}`;
  return [description, range].filter(Boolean).join(". ");
}

// A value from the range or the categories, which is nobody's.
function randomValue(feature) {
  const { type, nullable, minimum, maximum, example } = feature;
  const choices = choicesOf(feature);
  if (nullable && Math.random() < 0.1) return undefined;
  if (choices?.length) return choices[Math.floor(Math.random() * choices.length)];
  if (minimum === null || minimum === undefined) return example;
  if (type === "datetime") return randomMoment(minimum, maximum, example);
  const step = isNumber(feature) ? stepOf(feature) : null;
  if (step === null) return example;
  const value = tidy(minimum + Math.random() * (maximum - minimum), step);
  return Math.min(Math.max(type === "integer" ? Math.round(value) : value, minimum), maximum);
}

function randomMoment(minimum, maximum, example) {
  const [low, high] = [minimum, maximum].map((end) => Date.parse(`${end.slice(0, 19)}${end.includes("T") ? "Z" : ""}`));
  return new Date(low + Math.random() * (high - low)).toISOString().slice(0, example.includes("T") ? 19 : 10);
}
