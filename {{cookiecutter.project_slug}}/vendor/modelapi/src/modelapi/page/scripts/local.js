// The model in this file, with the members of the object `api` that api.js describes: it asks nobody.

import { asTable } from "./api.js";
import { answerOf, numbersOf, underNames, warningsOf } from "./answers.js";
import { readCells } from "./cells.js";
import { asTrained, feedsOf } from "./columns.js";
import { counter } from "./counts.js";
import { Explainer } from "./explain.js";
import { Graph } from "./graph.js";
import { readRecords } from "./records.js";
import { bytesOf } from "./tensors.js";

const BLOCK = 1_000; // Rows, after which the page may draw.

// Read what the file holds: JSON, compressed and written in base64.
export async function unfold(text) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

export class LocalApi {
  url = null;
  needsKey = false;
  cardLink = null;
  readsParquet = false;
  name = "";
  #model;
  #graph;
  #counters;
  #explainer;

  constructor(model) {
    this.#model = model;
    this.#graph = new Graph(model.graph);
    this.#counters = Object.fromEntries(Object.entries(model.graph.words).map(([name, words]) => [name, counter(words)]));
    this.#explainer = model.background ? new Explainer(model.background) : null;
  }

  async about() {
    return { ...this.#model.about, models: [""] };
  }

  async signature() {
    return this.#model.signature;
  }

  async card() {
    return this.#model.card;
  }

  async predict(records, options, signal) {
    const columns = readRecords(records, this.#model);
    const answer = await this.#answer(columns, options);
    if (options.explain) answer.explanation = await this.#explain(columns, signal);
    return answer;
  }

  async predictTable(table, options) {
    const { names, rows, typed } = table;
    const records = () => rows.map((row) => Object.fromEntries(row.map((value, place) => [names[place], value])));
    const columns = typed ? readRecords(records(), this.#model) : readCells(table, this.#model);
    return asTable(await this.#answer(columns, options));
  }

  async #answer(given, options) {
    const { features } = this.#model.signature;
    const columns = asTrained(given, features);
    const n_rows = columns[features[0].name].length;
    const answer = {};
    for (let start = 0; start < n_rows; start += BLOCK) {
      if (start) await pause();
      const part = cut(columns, start, start + BLOCK);
      const size = Math.min(BLOCK, n_rows - start);
      const values = this.#run(part);
      const found = answerOf(values, size, this.#model, options);
      if (options.warnings) found.warnings = warningsOf(part, this.#model, start);
      for (const [name, more] of Object.entries(found)) answer[name] = [...(answer[name] ?? []), ...more];
    }
    return answer;
  }
  async #explain(given, signal) {
    const columns = asTrained(given, this.#model.signature.features);
    const [{ length }] = Object.values(columns);
    const ask = async (asked) => {
      await pause();
      signal?.throwIfAborted();
      return numbersOf(this.#run(asked), Object.values(asked)[0].length, this.#model);
    };
    const found = [];
    for (let row = 0; row < length; row++) {
      found.push(underNames(await this.#explainer.explain(ask, cut(columns, row, row + 1)), this.#model.explained));
    }
    return found;
  }

  #run(columns) {
    return this.#graph.run(feedsOf(columns, this.#model, this.#counters));
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve));
const cut = (columns, start, end) => Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values.slice(start, end)]));
