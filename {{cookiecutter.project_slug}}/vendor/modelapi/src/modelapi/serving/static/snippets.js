// The same request as code to copy: each snippet runs as it is, where its language is installed.

import { queryOf } from "./api.js";
import { element } from "./dom.js";

// The languages, each with what it writes of {url, record, key}; the key is in the environment, never in the code.
export const LANGUAGES = {
  curl: ({ url, record, key }) =>
    [
      `curl ${shell(url)}`,
      ...(key ? ['-H "Authorization: Bearer $KEY"'] : []),
      "-H 'Content-Type: application/json'",
      `-d ${shell(JSON.stringify(record))}`,
    ].join(" \\\n  "),
  Python: ({ url, record, key }) =>
    `import json
${key ? "import os\n" : ""}from urllib.request import Request, urlopen

record = ${python(record)}
headers = {"Content-Type": "application/json"${key ? ', "Authorization": f"Bearer {os.environ[\'KEY\']}"' : ""}}
request = Request(${JSON.stringify(url)}, json.dumps(record).encode(), headers)
with urlopen(request) as response:
    print(json.load(response))`,
  JavaScript: ({ url, record, key }) =>
    `const response = await fetch(${JSON.stringify(url)}, {
  method: "POST",
  headers: { "Content-Type": "application/json"${key ? ", Authorization: `Bearer ${process.env.KEY}`" : ""} },
  body: JSON.stringify(${JSON.stringify(record, null, 2).replaceAll("\n", "\n  ")}),
});
console.log(await response.json());`,
  R: ({ url, record, key }) =>
    `library(httr2)

record <- list(${Object.entries(record).map(([name, value]) => `${backticked(name)} = ${r(value)}`).join(", ")})
request(${JSON.stringify(url)}) |>
${key ? '  req_headers(Authorization = paste("Bearer", Sys.getenv("KEY"))) |>\n' : ""}  req_body_json(record) |>
  req_perform() |>
  resp_body_json() |>
  str()`,
};

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const backticked = (name) => `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;

function python(value) {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const lines = Object.entries(value).map(([name, part]) => `    ${JSON.stringify(name)}: ${python(part)},\n`);
  return `{\n${lines.join("")}}`;
}

function r(value) {
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  return JSON.stringify(value);
}

export function makeSnippets(place, api) {
  const code = element("code");
  const panel = element("pre", { id: "snippet", role: "tabpanel", tabIndex: 0 }, code);
  const copied = element("span", { role: "status", className: "hint" });
  const copy = element("button", { type: "button", className: "quiet" }, "Copy");
  let chosen = Object.keys(LANGUAGES)[0];
  let request = {};
  const tabs = Object.keys(LANGUAGES).map((name) =>
    element("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "snippet" }, name)
  );
  const choose = (name) => {
    chosen = name;
    for (const tab of tabs) {
      const is = tab.textContent === name;
      tab.setAttribute("aria-selected", String(is));
      tab.tabIndex = is ? 0 : -1;
    }
    panel.setAttribute("aria-labelledby", `tab-${name}`);
    copied.textContent = "";
    if (request.url) code.textContent = LANGUAGES[name](request);
  };
  for (const [number, tab] of tabs.entries()) {
    tab.addEventListener("click", () => choose(tab.textContent));
    tab.addEventListener("keydown", ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (!step) return;
      const next = tabs.at((number + step) % tabs.length);
      choose(next.textContent);
      next.focus();
    });
  }
  copy.addEventListener("click", async () => {
    await copyText(code);
    copied.textContent = "copied";
  });
  place.replaceChildren(
    element("div", { className: "bar-of-tabs" }, element("div", { role: "tablist", "aria-label": "Language", className: "tabs" }, ...tabs), copied, copy),
    panel
  );
  choose(chosen);
  return {
    show(record, options) {
      request = { url: api.url + queryOf(options), record, key: api.needsKey };
      choose(chosen);
    },
  };
}

// The clipboard of the browser is there on https and localhost alone.
async function copyText(code) {
  if (navigator.clipboard) return navigator.clipboard.writeText(code.textContent);
  getSelection().selectAllChildren(code);
  document.execCommand("copy");
}
