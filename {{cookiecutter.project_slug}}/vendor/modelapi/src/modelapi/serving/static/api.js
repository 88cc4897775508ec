// What a page asks of a model. All that pages do with one they do by an object `api` with these members:
//
// url                          of POST /predict, or null where there is no server to send requests to
// needsKey                     whether a key is sent with requests
// readsParquet                 whether tables may be Parquet too
// name                         of the model among those of the API; "" of the first
// about()                      {title, description, models: their names}, for which no key is needed
// signature()                  what the model takes and answers
// cardLink                     where its card is, or null where no link leads there
// card()                       the card as HTML
// predict(records, options, signal)   what POST /predict answers to a list of records
// predictTable(table, options)        {names, rows}: the columns that a table of predictions has
//
// options are the flags of the query, as {probabilities: true}. A table is {names, rows, typed}: rows of cells, which
// are texts as in CSV or, if it is typed, values. What cannot be predicted raises a Problem.

import { flatten } from "./words.js";

export class Problem extends Error {
  constructor(status, detail, errors = []) {
    super(detail);
    this.status = status;
    this.errors = errors;
  }
}

export function queryOf(options) {
  const wanted = Object.keys(options).filter((name) => options[name]);
  return wanted.length ? `?${wanted.map((name) => `${name}=true`).join("&")}` : "";
}

// The members of an answer as columns of a table, named as those of an answer in CSV.
export function asTable(answer) {
  const members = Object.entries(answer).filter(([name]) => name !== "warnings");
  const rows = answer.prediction.map((_, row) => Object.assign({}, ...members.map(([name, values]) => flatten(values[row], name))));
  const names = Object.keys(rows[0] ?? {});
  return { names, rows: rows.map((row) => names.map((name) => row[name])) };
}
