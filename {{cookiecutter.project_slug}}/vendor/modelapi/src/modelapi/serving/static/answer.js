// The answer of the model to one record, as what it is: a class, a number, an outlier, a cluster, columns.

import { $, element, styled } from "./dom.js";
import { called, flatten, isNameOf, legible, percent, sourceOf, titleOf, withUnit } from "./words.js";
import { showWhy } from "./why.js";

const MOST = 8; // Classes whose probabilities are shown.
const MEANINGS = { outlier: { "-1": "an outlier", 1: "like the others" } };

export function showAnswer(signature, record, answer) {
  const targets = signature.target.outputs ?? [signature.target];
  const isMany = Boolean(signature.target.outputs);
  const of = (member, target) => (isMany ? member?.[0]?.[target.name] : member?.[0]);
  $("answer").classList.remove("old");
  $("target").textContent = isMany && signature.task !== "transform" ? "Predictions" : headOf(signature);
  $("prediction").replaceChildren(
    signature.task === "transform"
      ? columns(targets, (target) => of(answer.prediction, target))
      : element("div", { className: "results" }, ...targets.map((target) => result(signature, target, of(answer.prediction, target), isMany)))
  );
  $("probabilities").replaceChildren(
    ...targets.filter((target) => of(answer.probability, target)).map((target) => bars(target, of(answer.probability, target), of(answer.prediction, target), isMany))
  );
  $("scores").replaceChildren(...scoresOf(signature, answer));
  $("why-bars").replaceChildren(...(answer.explanation ? showWhy(signature, record, answer) : []));
}

// A fault of the record, or of the way to the API: what is shown belongs to what was entered before.
export function sayThatItIsOld() {
  $("answer").classList.add("old");
}

function headOf({ task, target }) {
  return { outlier: "This record is", cluster: "Cluster", transform: titleOf(target) }[task] ?? titleOf(target);
}

function result(signature, target, label, isNamed) {
  const isClass = Boolean(target.classes);
  const said = MEANINGS[signature.task]?.[label] ?? (isClass ? called(target, label) : withUnit(legible(label, 5), target));
  const raw = isClass && said !== String(label) ? element("small", { className: "raw" }, String(label)) : null;
  const name = isNamed ? element("span", { className: "of" }, titleOf(target)) : null;
  const place = typeof label === "number" && !isClass ? distribution(target, label, sourceOf(signature)) : null;
  return element("div", { className: "result" }, name, element("strong", {}, said), raw, place);
}

// Where a number lies among those that were seen: "higher than 83 %", and a mark on their range.
function distribution(target, value, source) {
  const ends = target.quantiles;
  if (!ends || ends.length < 3) return null;
  const [low, high] = [Math.min(ends[0], value), Math.max(ends.at(-1), value)];
  if (!(high > low)) return null;
  const at = (number) => `${(((number - low) / (high - low)) * 100).toFixed(2)}%`;
  const quantile = (share) => ends[Math.round(share * (ends.length - 1))];
  const band = (from, to, className) => styled(element("span", { className }), { left: at(quantile(from)), right: `calc(100% - ${at(quantile(to))})` });
  return element(
    "div",
    { className: "distribution" },
    element("div", { className: "strip", "aria-hidden": "true" }, band(0, 1, "all"), band(0.05, 0.95, "most"), band(0.25, 0.75, "half"), styled(element("span", { className: "mark" }), { left: at(value) })),
    element("div", { className: "ends", "aria-hidden": "true" }, element("span", {}, legible(ends[0], 4)), element("span", {}, legible(ends.at(-1), 4))),
    element("p", { className: "hint" }, placed(ends, value, `of the values in ${source}`))
  );
}

// Where a number is among quantiles.
export function placed(ends, value, all) {
  if (value < ends[0]) return `lower than all ${all}`;
  if (value > ends.at(-1)) return `higher than all ${all}`;
  const step = 1 / (ends.length - 1);
  const [below, upTo] = [ends.filter((end) => end < value).length, ends.filter((end) => end <= value).length];
  const share = (upTo > below ? below : below - 1) * step;
  return share > 0 ? `higher than about ${percent(share)} ${all}` : `among the lowest ${percent(Math.max(upTo - 1, 1) * step)} ${all}`;
}

function bars(target, shares, predicted, isNamed) {
  const rows = Object.entries(shares).map(([name, share]) => ({ name, share }));
  const shown = rows.length > MOST ? [...rows].sort((a, b) => b.share - a.share).slice(0, MOST) : rows;
  const rest = rows.length - shown.length;
  const list = shown.map(({ name, share }) =>
    element(
      "li",
      { className: isNameOf(name, predicted) ? "bar chosen" : "bar" },
      element("span", { className: "label" }, called(target, name)),
      element("span", { className: "value" }, percent(share)),
      element("span", { className: "track", "aria-hidden": "true" }, styled(element("span", { className: "fill" }), { width: `${share * 100}%` }))
    )
  );
  const more = rest ? element("p", { className: "hint" }, `and ${rest} other classes`) : null;
  return element("section", { className: "bars" }, element("h3", {}, isNamed ? titleOf(target) : "Probability"), element("ul", {}, ...list), more);
}

function columns(targets, valueOf) {
  return pairs(targets.map((target) => [titleOf(target), legible(valueOf(target))]));
}

function scoresOf(signature, answer) {
  if (!answer.score) return [];
  const scores = Object.entries(flatten(answer.score[0], "score")).map(([name, score]) => {
    const of = name.slice("score_".length);
    return [of ? called(signature.target, of) : "score", legible(score)];
  });
  return [element("details", { open: !answer.probability }, element("summary", {}, scores.length > 1 ? "Scores" : "Score"), pairs(scores))];
}

function pairs(members) {
  const rows = members.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  return element("dl", { className: "pairs" }, ...rows);
}
