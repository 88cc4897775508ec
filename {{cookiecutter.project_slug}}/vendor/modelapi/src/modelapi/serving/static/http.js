// The model, asked over HTTP; the members are those that api.js describes.

import { asTable, Problem, queryOf } from "./api.js";
import { format, parse } from "./csv.js";
import { keepKey, keptKey } from "./key.js";

export class HttpApi {
  readsParquet = true;
  #key = keptKey();

  constructor(name = "") {
    this.name = name;
    this.base = name ? `models/${encodeURIComponent(name)}/` : "";
    this.model = this.base.slice(0, -1) || "model";
    this.url = new URL(`${this.base}predict`, document.baseURI).href;
  }

  get needsKey() {
    return this.#key !== "";
  }

  useKey(key) {
    this.#key = key;
    keepKey(key);
  }

  // A link cannot send the key.
  get cardLink() {
    return this.needsKey ? null : this.model;
  }

  async card() {
    const response = await this.#ask(this.model, { Accept: "text/html" });
    return response.ok ? response.text() : read(response);
  }

  async about() {
    const [hello, openapi] = await Promise.all(["./", "openapi.json"].map((path) => this.#ask(path).then(read)));
    const others = Object.keys(hello).filter((name) => name.startsWith("models/"));
    const { title, description } = openapi.info;
    return { title, description, models: ["", ...others.map((name) => name.slice("models/".length))] };
  }

  async signature() {
    return (await read(await this.#ask(this.model))).signature;
  }

  async predict(records, options, signal) {
    const body = JSON.stringify(records);
    return read(await this.#ask(this.#path(options), headersOf("application/json"), { method: "POST", body, signal }));
  }

  async predictTable({ names, rows, typed }, options) {
    if (typed) {
      const records = rows.map((row) => Object.fromEntries(row.map((value, place) => [names[place], value])));
      return asTable(await this.predict(records, options));
    }
    const response = await this.#ask(this.#path(options), headersOf("text/csv"), { method: "POST", body: format([names, ...rows]) });
    if (!response.ok) return read(response);
    const [header, ...cells] = parse(await response.text());
    return { names: header, rows: cells };
  }

  #path(options) {
    return `${this.base}predict${queryOf(options)}`;
  }

  async #ask(path, headers = { Accept: "application/json" }, options = {}) {
    const key = this.#key ? { Authorization: `Bearer ${this.#key}` } : {};
    const response = await fetch(path, { ...options, headers: { ...headers, ...key } });
    if (response.status === 401 && !this.#key) throw new Problem(401, ""); // Nothing went wrong: the form asks for it.
    return response;
  }
}

const headersOf = (type) => ({ Accept: type, "Content-Type": type });

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
