"use strict";

// The form is made from the signature that GET /model answers, so it fits whatever model is served.

const $ = (id) => document.getElementById(id);

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function choices(feature) {
  if (feature.type === "boolean") return ["false", "true"];
  return feature.categories && feature.categories.length <= 200 ? feature.categories : null;
}

function kind(feature) {
  if (feature.type === "number" || feature.type === "integer") return "number";
  if (feature.type === "datetime") return feature.example.includes("T") ? "datetime-local" : "date";
  return "text";
}

function input(feature) {
  if (feature.type === "text") {
    return element("textarea", { name: feature.name, rows: 4, maxLength: feature.max_length, value: feature.example });
  }
  const known = choices(feature);
  if (!known) {
    return element("input", {
      name: feature.name,
      type: kind(feature),
      step: feature.type === "integer" ? "1" : "any",
      required: !feature.nullable,
      value: feature.example,
    });
  }
  const options = known.map((value) =>
    element("option", { value, selected: String(value) === String(feature.example) }, String(value))
  );
  if (feature.nullable) options.unshift(element("option", { value: "" }, "not known"));
  return element("select", { name: feature.name }, ...options);
}

function hint(feature, source) {
  const range = feature.minimum === null || feature.categories ? "" : `${feature.minimum} to ${feature.maximum} in ${source}`;
  return [range, feature.nullable ? "may be left empty" : ""].filter(Boolean).join(", ");
}

function field(feature, source) {
  const wrong = element("small", { className: "wrong" });
  wrong.dataset.pointer = "/" + feature.name.replaceAll("~", "~0").replaceAll("/", "~1");
  return element("label", {}, feature.name, element("small", {}, hint(feature, source)), input(feature), wrong);
}

function record(features) {
  const values = {};
  for (const { name, type, nullable } of features) {
    const field = $("record").elements.namedItem(name);
    const text = field.value;
    // Of categories one may be empty; "not known" is the first choice.
    const isGap = field.options ? nullable && field.selectedIndex === 0 : text === "" && (type !== "text" || nullable);
    if (isGap) continue;
    values[name] = type === "boolean" ? text === "true" : type === "number" || type === "integer" ? Number(text) : text;
  }
  return values;
}

function complain(problem) {
  const errors = problem.errors || [];
  for (const place of document.querySelectorAll(".wrong")) {
    place.textContent = errors.filter((error) => error.pointer === place.dataset.pointer).map((error) => error.detail).join("; ");
  }
  $("problem").textContent = problem.detail || "";
  $("problem").hidden = !problem.detail;
}

// In memory alone, and never in the page, its address or a store: a reload forgets it.
let key = "";
let again = start;

async function ask(path, headers, options = {}) {
  if (key) headers.Authorization = `Bearer ${key}`;
  const response = await fetch(path, { ...options, headers });
  $("unlock").hidden = response.status !== 401;
  if (response.status === 401) $("card").hidden = true; // A link cannot send the key.
  return response;
}

// A proxy may answer too, and not in JSON.
async function read(response) {
  const content = await response.json().catch(() => ({}));
  const wait = response.headers.get("Retry-After");
  const soon = wait ? `try again in ${wait} s.` : "try again later.";
  if (response.status === 429) content.detail = `Too many requests: ${soon}`;
  else if (response.status === 503) content.detail = `The API is not ready, or has too much to do: ${soon}`;
  else if (!response.ok) content.detail ||= `The API answered ${response.status}.`;
  return content;
}

// The members of an object, those of objects in it too, each with its path: [["a b", 1], …].
function flatten(value, path = "") {
  if (value === null || typeof value !== "object") return [[path, value]];
  return Object.entries(value).flatMap(([name, part]) => flatten(part, path ? `${path} ${name}` : name));
}

function legible(label) {
  return typeof label === "number" && !Number.isInteger(label) ? String(Number(label.toPrecision(6))) : String(label);
}

function show(answer, body, path) {
  const labels = flatten(answer.prediction[0]);
  $("prediction").textContent = labels.map(([name, label]) => (name ? `${name}: ${legible(label)}` : legible(label))).join(", ");
  $("warnings").replaceChildren(
    ...answer.warnings.map(({ pointer, detail }) => element("li", {}, `${pointer.slice(1)} ${detail}`))
  );
  const shares = answer.probability ? flatten(answer.probability[0]) : [];
  $("probabilities").replaceChildren(
    ...shares.map(([label, share]) =>
      element("tr", {}, element("td", {}, label), element("td", {}, element("meter", { value: share })), element("td", {}, share.toFixed(3)))
    )
  );
  const scores = answer.score ? flatten(answer.score[0]) : [];
  $("scores").replaceChildren(
    ...scores.map(([name, score]) => element("tr", {}, element("td", {}, name || "score"), element("td", {}, legible(score))))
  );
  const url = new URL(path, document.baseURI);
  const quoted = body.replaceAll("'", "'\\''");
  const secret = key ? `  -H "Authorization: Bearer $KEY" \\\n` : "";
  $("command").textContent = `curl '${url}' \\\n${secret}  -H 'Content-Type: application/json' \\\n  -d '${quoted}'`;
  $("answer").hidden = false;
}

async function predict(signature) {
  const also = { probabilities: signature.probabilities, scores: signature.scores !== null };
  const path = "predict?warnings=true" + Object.keys(also).filter((name) => also[name]).map((name) => `&${name}=true`).join("");
  const body = JSON.stringify(record(signature.features));
  again = () => predict(signature);
  const response = await ask(path, { "Content-Type": "application/json" }, { method: "POST", body });
  const content = await read(response);
  complain(response.ok ? {} : content);
  if (response.ok) show(content, body, path);
}

async function setTitle() {
  const response = await fetch("openapi.json");
  if (response.ok) document.title = $("title").textContent = (await response.json()).info.title;
}

async function start() {
  const response = await ask("model", { Accept: "application/json" });
  const content = await read(response);
  if (!response.ok) return complain(content);
  complain({});
  const { signature } = content;
  await setTitle();
  const isSample = signature.seen_in === "sample";
  const verb = signature.task === "transform" ? "Transforms by" : "Predicts";
  $("description").textContent = `${verb} ${signature.target.name}; ${isSample ? "packaged with a sample of" : "trained on"} ${signature.n_samples} rows.`;
  $("target").textContent = signature.target.name;
  $("fields").replaceChildren(...signature.features.map((feature) => field(feature, isSample ? "the sample" : "training")));
  $("record").hidden = false;
  $("record").addEventListener("submit", (event) => {
    event.preventDefault();
    predict(signature).catch((error) => complain({ detail: error.message }));
  });
}

$("unlock").addEventListener("submit", (event) => {
  event.preventDefault();
  key = $("key").value.trim();
  $("key").value = "";
  again().catch((error) => complain({ detail: error.message }));
});

start().catch((error) => complain({ detail: error.message }));
