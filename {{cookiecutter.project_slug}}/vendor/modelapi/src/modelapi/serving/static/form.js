// The form is made from the signature, so it fits whatever model is served.

import { element } from "./dom.js";
import { isNumber, makeControl, stepOf, tidy } from "./fields.js";
import { legible, placeOf, sourceOf, titleOf, withUnit } from "./words.js";

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
  return [...groups].map(([group, members]) => {
    const grid = element("div", { className: "grid" }, ...members.map((field) => field.element));
    return group ? element("fieldset", { className: "group" }, element("legend", {}, group), grid) : grid;
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
  return {
    feature,
    element: place,
    read: () => (gap?.checked ? undefined : made.read()),
    write: (value) => {
      if (gap) gap.checked = value === undefined;
      if (value !== undefined) made.write(value);
      allow();
    },
    complain: (details) => {
      (made.group ? place : controls[0]).setAttribute("aria-invalid", String(details.length > 0));
      say(details, "wrong");
    },
    warn: (details) => say(details, "warning"),
  };
}

function hintOf(feature, source) {
  const { description, minimum, maximum, categories } = feature;
  const ends = [minimum, maximum].map((end) => (typeof end === "number" ? legible(end) : end));
  const range = minimum === null || minimum === undefined || categories ? "" : `${withUnit(ends.join(" to "), feature)} in ${source}`;
  return [description, range].filter(Boolean).join(". ");
}

// A value from the range or the categories, which is nobody's.
function randomValue(feature) {
  const { type, nullable, categories, minimum, maximum, example } = feature;
  if (nullable && Math.random() < 0.1) return undefined;
  if (categories?.length) return categories[Math.floor(Math.random() * categories.length)];
  if (type === "boolean") return Math.random() < 0.5;
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
