// The model, asked over HTTP; the members are those that api.js describes.

import { asTable, Problem, queryOf } from "./api.js";
import { format, parse } from "./csv.js";

export class HttpApi {
  readsParquet = true;
  // In memory alone, and never in the page, its address or a store: a reload forgets it.
  #key = "";

  constructor(name = "") {
    this.name = name;
    this.base = name ? `models/${encodeURIComponent(name)}/` : "";
    this.url = new URL(`${this.base}predict`, document.baseURI).href;
  }

  get needsKey() {
    return this.#key !== "";
  }

  useKey(key) {
    this.#key = key;
  }

  async about() {
    const [hello, openapi] = await Promise.all(["./", "openapi.json"].map((path) => this.#ask(path).then(read)));
    const others = Object.keys(hello).filter((name) => name.startsWith("models/"));
    const { title, description } = openapi.info;
    return { title, description, models: ["", ...others.map((name) => name.slice("models/".length))] };
  }

  async signature() {
    return (await read(await this.#ask(this.base.slice(0, -1) || "model"))).signature;
  }

  async predict(records, options, signal) {
    const body = JSON.stringify(records);
    return read(await this.#ask(this.#path(options), "application/json", { method: "POST", body, signal }));
  }

  async predictTable({ names, rows, typed }, options) {
    if (typed) {
      const records = rows.map((row) => Object.fromEntries(row.map((value, place) => [names[place], value])));
      return asTable(await this.predict(records, options));
    }
    const response = await this.#ask(this.#path(options), "text/csv", { method: "POST", body: format([names, ...rows]) });
    if (!response.ok) return read(response);
    const [header, ...cells] = parse(await response.text());
    return { names: header, rows: cells };
  }

  #path(options) {
    return `${this.base}predict${queryOf(options)}`;
  }

  async #ask(path, type = "", options = {}) {
    const headers = { Accept: type || "application/json" };
    if (type) headers["Content-Type"] = type;
    if (this.#key) headers.Authorization = `Bearer ${this.#key}`;
    return fetch(path, { ...options, headers });
  }
}

// A proxy may answer too, and not in JSON.
async function read(response) {
  const content = await response.json().catch(() => ({}));
  if (response.ok) return content;
  const wait = response.headers.get("Retry-After");
  const soon = wait ? `try again in ${wait} s.` : "try again later.";
  let detail = content.detail || `The API answered ${response.status}.`;
  if (response.status === 429) detail = `Too many requests: ${soon}`;
  if (response.status === 503) detail = `The API is not ready, or has too much to do: ${soon}`;
  throw new Problem(response.status, detail, content.errors);
}
