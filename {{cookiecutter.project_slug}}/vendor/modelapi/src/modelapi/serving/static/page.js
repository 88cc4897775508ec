// The page on which a model is tried: what is entered goes to the model as one types, by the object `api` of api.js.

import { showAnswer, sayThatItIsOld } from "./answer.js";
import { offerCard } from "./card.js";
import { $, element } from "./dom.js";
import { makeForm } from "./form.js";
import { makeSnippets } from "./snippets.js";
import { makeTable } from "./table.js";
import { count, titleOf } from "./words.js";

const PAUSE = 200; // Milliseconds without a key before the model is asked.

export async function start(api) {
  let again = () => begin(api, retry);
  await attempt(() => introduce(api));
  const retry = (action) => {
    again = action;
  };
  $("unlock").addEventListener("submit", (event) => {
    event.preventDefault();
    api.useKey($("key").value.trim());
    $("key").value = "";
    attempt(again);
  });
  await attempt(again);
}

// Do something, or say what is wrong.
async function attempt(action) {
  try {
    await action();
    complain(null);
  } catch (error) {
    if (error.name !== "AbortError") complain(error);
  }
}

function complain(error) {
  $("problem").textContent = error ? error.message : "";
  $("problem").hidden = !error?.message;
  if (error?.status === 401) {
    $("unlock").hidden = false;
    $("key").focus();
  } else if (!error) $("unlock").hidden = true;
}

async function introduce(api) {
  const { title, description, models } = await api.about();
  document.title = $("title").textContent = title;
  $("description").textContent = description;
  showModels(models, api.name);
}

async function begin(api, retry) {
  const signature = await api.signature();
  $("facts").textContent = facts(signature);
  const snippets = api.url ? makeSnippets($("snippets"), api) : null;
  const options = {
    probabilities: signature.probabilities,
    scores: signature.scores !== null && signature.scores !== undefined,
  };
  let asked = new AbortController();
  let timer = 0;
  const predict = async () => {
    clearTimeout(timer);
    asked.abort();
    const current = (asked = new AbortController());
    const record = form.record();
    const wanted = { ...options, warnings: true, explain: Boolean(signature.explains && $("why").checked) };
    snippets?.show(record, { ...options, explain: wanted.explain });
    retry(predict);
    if (!form.isReadable()) return sayThatItIsOld();
    try {
      const answer = await api.predict([record], wanted, current.signal);
      if (current !== asked) return;
      form.complain([]);
      form.warn(answer.warnings ?? []);
      showAnswer(signature, record, answer);
    } catch (error) {
      if (error.name === "AbortError" || current !== asked) return;
      const errors = error.errors ?? [];
      const others = form.complain(errors);
      sayThatItIsOld();
      if (!errors.length || others.length) throw error;
    }
  };
  const form = makeForm(signature, () => {
    clearTimeout(timer);
    timer = setTimeout(() => attempt(predict), PAUSE);
  });
  $("fields").replaceChildren(form.element);
  $("record").onsubmit = (event) => {
    event.preventDefault();
    attempt(predict);
  };
  $("another").onclick = form.another;
  $("why-switch").hidden = !signature.explains;
  $("why").onchange = () => attempt(predict);
  $("code").hidden = !snippets;
  makeTable($("drop"), api, signature, options);
  $("work").hidden = false;
  if (api.cardLink) $("card").href = api.cardLink;
  else offerCard(() => api.card(), attempt);
  await predict();
}

function facts(signature) {
  const { task, target, n_samples } = signature;
  const what = {
    transform: `Transforms by ${titleOf(target)}`,
    cluster: "Finds the cluster of a record",
    outlier: "Tells outliers from others",
  }[task];
  const named = target.outputs ? target.outputs.map(titleOf).join(", ") : titleOf(target);
  const rows = signature.seen_in === "sample" ? `packaged with a sample of ${count(n_samples)} rows` : `trained on ${count(n_samples)} rows`;
  return `${what ?? `Predicts ${named}`} · ${rows}`;
}

function showModels(models, current) {
  $("models").hidden = models.length < 2;
  const link = (name) =>
    element("a", { href: name ? `?model=${encodeURIComponent(name)}` : "./", "aria-current": name === current ? "page" : null }, name || "first model");
  $("models").replaceChildren(...models.map(link));
}
