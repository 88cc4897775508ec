// A drop zone for a table, the table with its predictions, and its download.

import { format } from "./csv.js";
import { element } from "./dom.js";
import { readTable } from "./reading.js";
import { fit, predictAll } from "./scoring.js";
import { called, count, legible, titleOf } from "./words.js";

const PAGE = 50; // Rows.
const COLLATOR = new Intl.Collator("en", { numeric: true });

export function makeTable(place, api, signature, options) {
  const [kinds, accept] = api.readsParquet ? ["CSV or Parquet", ".csv,.tsv,.txt,.parquet"] : ["CSV", ".csv,.tsv,.txt"];
  const input = element("input", { type: "file", id: "file", accept });
  const zone = element("label", { className: "zone", htmlFor: "file" }, element("span", {}, `Drop a ${kinds} file here, or `), element("u", {}, "choose one"), input);
  const status = element("p", { className: "hint", role: "status" });
  const bar = element("progress", { max: 1, hidden: true, "aria-label": "Rows predicted" });
  const problem = element("p", { className: "wrong", role: "alert" });
  const view = element("div");
  const take = async (file) => {
    problem.textContent = "";
    view.replaceChildren();
    status.textContent = `Reading ${file.name} …`;
    try {
      const table = await readTable(file);
      const { taken, left } = fit(table, signature.features);
      bar.hidden = false;
      const answered = await predictAll(api, taken, options, (share) => {
        bar.value = share;
        status.textContent = `Predicting ${file.name} …`;
      });
      status.textContent = summary(file.name, table, answered, left);
      view.replaceChildren(...makeView(file.name, table, answered, signature));
    } catch (error) {
      status.textContent = "";
      problem.textContent = error.message;
    }
    bar.hidden = true;
    bar.removeAttribute("value");
  };
  input.addEventListener("change", () => {
    if (input.files.length) take(input.files[0]);
    input.value = "";
  });
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
  zone.addEventListener("dragover", () => zone.classList.add("over"));
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", ({ dataTransfer }) => {
    zone.classList.remove("over");
    if (dataTransfer.files.length) take(dataTransfer.files[0]);
  });
  place.replaceChildren(zone, bar, status, problem, view);
}

function summary(name, { rows }, { reasons }, left) {
  const bad = reasons.size ? `, ${count(reasons.size)} of them without a prediction` : "";
  const others = left.length ? ` The model does not take: ${left.join(", ")}.` : "";
  return `${name}: ${count(rows.length)} rows${bad}.${others}`;
}

function makeView(name, table, answered, signature) {
  const { reasons } = answered;
  const width = answered.names.length;
  const columns = [
    ...answered.names.map((name, place) => ({ title: headOf(name, signature), of: (row) => answered.rows[row]?.[place], say: sayOf(name, signature) })),
    ...table.names.map((name, place) => ({ title: name, of: (row) => table.rows[row][place], say: sayOwn(name, signature) })),
  ];
  const all = table.rows.map((_, row) => row);
  let order = all;
  let sorted = { column: null, down: false };
  let page = 0;
  const only = element("input", { type: "checkbox" });
  const head = columns.map((column) => element("th", { scope: "col" }, sorter(column)));
  const body = element("tbody");
  const where = element("span", { role: "status" });
  const [back, next] = ["Previous", "Next"].map((text) => element("button", { type: "button", className: "quiet" }, text));
  const draw = () => {
    const shown = order.slice(page * PAGE, (page + 1) * PAGE);
    body.replaceChildren(...shown.map(drawRow));
    where.textContent = order.length ? `${count(page * PAGE + 1)} to ${count(page * PAGE + shown.length)} of ${count(order.length)}` : "no rows";
    back.disabled = page === 0;
    next.disabled = (page + 1) * PAGE >= order.length;
  };
  const arrange = () => {
    order = only.checked ? all.filter((row) => reasons.has(row)) : all;
    if (sorted.column) order = sort(order, sorted.column.of, sorted.down);
    page = 0;
    for (const [place, column] of columns.entries()) {
      const is = column === sorted.column;
      head[place].setAttribute("aria-sort", is ? (sorted.down ? "descending" : "ascending") : "none");
    }
    draw();
  };
  function sorter(column) {
    const button = element("button", { type: "button", className: "sorter" }, column.title);
    button.addEventListener("click", () => {
      sorted = { column, down: sorted.column === column && !sorted.down };
      arrange();
    });
    return button;
  }
  function drawRow(row) {
    const cells = columns.map(({ of, say }) => element("td", {}, say(of(row))));
    const why = reasons.get(row);
    if (why) cells.splice(0, width, element("td", { className: "wrong", colSpan: width }, why));
    return element("tr", { className: why ? "bad" : null }, element("th", { scope: "row" }, count(row + 1)), ...cells);
  }
  only.addEventListener("input", arrange);
  for (const [button, step] of [[back, -1], [next, 1]]) {
    button.addEventListener("click", () => {
      page += step;
      draw();
    });
  }
  const download = element("button", { type: "button" }, "Download as CSV");
  download.addEventListener("click", () => save(`${name.replace(/\.\w+$/, "")}-predictions.csv`, rowsOf(table, answered)));
  arrange();
  const grid = element("table", {}, element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Row"), ...head)), body);
  return [
    element("div", { className: "tools" }, download, reasons.size ? element("label", { className: "switch" }, only, "only rows without a prediction") : null),
    element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Table with predictions" }, grid),
    element("div", { className: "tools" }, back, where, next),
  ];
}

// A column of an answer as people call it: probability_0 is the probability of what 0 means.
export function headOf(name, { target }) {
  const [, what, of] = /^([a-z]+)(?:_(.*))?$/s.exec(name);
  if (of === undefined) return name;
  const outputs = (target.outputs ?? []).filter((one) => `${of}_`.startsWith(`${one.name}_`));
  const output = outputs.sort((a, b) => b.name.length - a.name.length)[0];
  const label = output ? of.slice(output.name.length + 1) : of;
  return `${what} of ${[output && titleOf(output), label && called(output ?? target, label)].filter(Boolean).join(": ")}`;
}

// What was sent, by the labels of the column.
function sayOwn(name, { features, target }) {
  const column = [...features, ...(target.outputs ?? [target])].find((one) => one.name === name.trim()) ?? {};
  return (value) => (value === null || value === undefined ? "" : called(column, value));
}

// A label by its name; of numbers the first digits.
function sayOf(title, signature) {
  const targets = signature.target.outputs ?? [signature.target];
  const target = targets.find(({ name }) => title === "prediction" || title === `prediction_${name}`);
  return (value) => {
    if (target?.classes) return called(target, value);
    return value !== "" && Number.isFinite(Number(value)) ? legible(Number(value), 4) : String(value);
  };
}

// What is missing comes last, in either direction.
function sort(order, of, down) {
  const isGap = (row) => [undefined, null, ""].includes(of(row));
  const isNumeric = order.every((row) => isGap(row) || Number.isFinite(Number(of(row))));
  const compare = isNumeric ? (a, b) => a - b : COLLATOR.compare;
  const known = order.filter((row) => !isGap(row)).sort((a, b) => (down ? -1 : 1) * compare(of(a), of(b)));
  return [...known, ...order.filter(isGap)];
}

function* rowsOf(table, { names, rows, reasons }) {
  const added = [...names, ...(reasons.size ? ["error"] : [])].map((name) => (table.names.includes(name) ? `${name}_of_model` : name));
  yield [...table.names, ...added];
  for (const [row, cells] of table.rows.entries()) {
    const own = rows[row] ?? names.map(() => "");
    yield [...cells, ...own, ...(reasons.size ? [reasons.get(row) ?? ""] : [])];
  }
}

function save(name, rows) {
  const url = URL.createObjectURL(new Blob([format([...rows])], { type: "text/csv" }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
