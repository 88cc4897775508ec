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

function input(feature) {
  const known = choices(feature);
  if (!known) {
    const number = feature.type === "number" || feature.type === "integer";
    return element("input", {
      name: feature.name,
      type: number ? "number" : "text",
      step: feature.type === "integer" ? "1" : "any",
      required: !feature.nullable,
      value: feature.example,
    });
  }
  const options = known.map((value) => element("option", { value, selected: value === String(feature.example) }, value));
  if (feature.nullable) options.unshift(element("option", { value: "" }, "not known"));
  return element("select", { name: feature.name }, ...options);
}

function hint(feature) {
  const range = feature.minimum === null ? "" : `${feature.minimum} to ${feature.maximum} in training`;
  return [range, feature.nullable ? "may be left empty" : ""].filter(Boolean).join(", ");
}

function field(feature) {
  const wrong = element("small", { className: "wrong" });
  wrong.dataset.pointer = "/" + feature.name.replaceAll("~", "~0").replaceAll("/", "~1");
  return element("label", {}, feature.name, element("small", {}, hint(feature)), input(feature), wrong);
}

function record(features) {
  const texts = new FormData($("record"));
  const values = {};
  for (const { name, type } of features) {
    const text = texts.get(name);
    if (text === "") continue;
    values[name] = type === "string" ? text : type === "boolean" ? text === "true" : Number(text);
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

function show(answer, body, path) {
  $("prediction").textContent = String(answer.prediction[0]);
  const shares = Object.entries(answer.probability ? answer.probability[0] : {});
  $("probabilities").replaceChildren(
    ...shares.map(([label, share]) =>
      element("tr", {}, element("td", {}, label), element("td", {}, element("meter", { value: share })), element("td", {}, share.toFixed(3)))
    )
  );
  const url = new URL(path, document.baseURI);
  const quoted = body.replaceAll("'", "'\\''");
  $("command").textContent = `curl '${url}' \\\n  -H 'Content-Type: application/json' \\\n  -d '${quoted}'`;
  $("answer").hidden = false;
}

async function predict(signature) {
  const path = signature.probabilities ? "predict?probabilities=true" : "predict";
  const body = JSON.stringify(record(signature.features));
  const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  const content = await response.json();
  complain(response.ok ? {} : content);
  if (response.ok) show(content, body, path);
}

async function setTitle() {
  const response = await fetch("openapi.json");
  if (response.ok) document.title = $("title").textContent = (await response.json()).info.title;
}

async function start() {
  const response = await fetch("model", { headers: { Accept: "application/json" } });
  const content = await response.json();
  if (!response.ok) return complain(content);
  const { signature } = content;
  await setTitle();
  $("description").textContent = `Predicts ${signature.target.name}; trained on ${signature.n_samples} rows.`;
  $("target").textContent = signature.target.name;
  $("fields").replaceChildren(...signature.features.map(field));
  $("record").addEventListener("submit", (event) => {
    event.preventDefault();
    predict(signature).catch((error) => complain({ detail: error.message }));
  });
}

start().catch((error) => complain({ detail: error.message }));
