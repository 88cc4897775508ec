// Why the answer is as it is: what each feature adds to the baseline, as bars.

import { element, styled } from "./dom.js";
import { called, isNameOf, legible, percent, said, signed, signedPercent, titleOf } from "./words.js";

const MOST = 12; // Features with a bar of their own.
const NOISE = 1e-9; // Of the largest number: what floating point leaves over where nothing is added.

export function showWhy(signature, record, answer) {
  const targets = signature.target.outputs ?? [signature.target];
  const isMany = Boolean(signature.target.outputs);
  return targets.flatMap((target) => {
    const of = (member) => (isMany ? member?.[0]?.[target.name] : member?.[0]);
    const explanation = of(answer.explanation);
    return explanation ? [ofTarget(signature, target, record, explanation, of(answer.prediction), of(answer.probability), isMany)] : [];
  });
}

function ofTarget(signature, target, record, explanation, predicted, probability, isMany) {
  const isOne = "baseline" in explanation;
  const names = isOne ? [] : Object.keys(explanation);
  const first = names.find((name) => isNameOf(name, predicted)) ?? names[0];
  const write = probability ? percent : (number) => legible(number, 4);
  const bars = element("div");
  const show = (name) => bars.replaceChildren(...chart(signature.features, record, isOne ? explanation : explanation[name], write));
  show(first);
  const choice = isOne ? null : choose(names, first, (name) => called(target, name), show);
  const head = isMany ? element("h3", {}, titleOf(target)) : null;
  return element("div", { className: "why" }, head, choice, bars);
}

function choose(names, first, say, show) {
  const options = names.map((name) => element("option", { value: name, selected: name === first }, say(name)));
  const select = element("select", {}, ...options);
  select.addEventListener("input", () => show(select.value));
  return element("label", { className: "of-class" }, "What speaks for ", select);
}

function chart(features, record, { baseline, contributions, error }, write) {
  const noise = NOISE * Math.max(Math.abs(baseline), ...Object.values(contributions).map(Math.abs));
  const sorted = features
    .map((feature) => ({ feature, value: contributions[feature.name] ?? 0 }))
    .map(({ feature, value }) => ({ feature, value: Math.abs(value) > noise ? value : 0 }))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const rest = sorted.slice(MOST).reduce((sum, { value }) => sum + value, 0);
  const total = sorted.reduce((sum, { value }) => sum + value, baseline);
  const widest = Math.max(...sorted.map(({ value }) => Math.abs(value)), Math.abs(rest), Number.MIN_VALUE);
  const points = write === percent ? signedPercent : signed;
  const bar = (name, own, value) =>
    element(
      "li",
      { className: `bar ${value < 0 ? "against" : value > 0 ? "for" : ""}` },
      element("span", { className: "label" }, name, own ? element("small", {}, ` ${own}`) : null),
      element("span", { className: "value" }, points(value)),
      element("span", { className: "track two", "aria-hidden": "true" }, styled(element("span", { className: "fill" }), { width: `${(Math.abs(value) / widest) * 50}%` }))
    );
  const rows = sorted.slice(0, MOST).map(({ feature, value }) => bar(titleOf(feature), saidOf(feature, record[feature.name]), value));
  if (sorted.length > MOST) rows.push(bar(`${sorted.length - MOST} other features`, "", rest));
  return [
    element("p", { className: "hint" }, `From the baseline, ${write(baseline)}, to ${write(total)}:`),
    element("ul", { className: "bars" }, ...rows),
    error ? element("p", { className: "hint" }, `Estimated by sampling; the standard error is ${write(error)}.`) : null,
  ].filter(Boolean);
}

function saidOf(feature, value) {
  if (value === undefined) return "not known";
  return feature.type === "text" ? "" : said(feature, value);
}
