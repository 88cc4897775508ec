"""Ask by openapi-fetch, with the types that openapi-typescript makes of our OpenAPI document.

What is sent stands in a program, which `tsc --strict` takes, and in which it finds what is wrong.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from cases import Case, cases, document

SOURCES = Path(__file__).parent / "typescript"
OPTIONS = ("--strict", "--target", "es2022", "--module", "nodenext", "--outDir", ".")
HEAD = """import createClient from "openapi-fetch";
import type { paths } from "./api.js";

type Json = "application/json" | "application/problem+json";
const told: unknown[] = [];
"""
ASK = """
{
  const client = createClient<paths, Json>({ baseUrl: %(url)s });
  const { data, error } = await client.POST(%(path)s, { body: %(records)s, params: { query: { %(query)s } } });
  if (error) throw new Error(error.detail);
  told.push(data);
  // @ts-expect-error A feature that is misspelt.
  await client.POST(%(path)s, { body: { ...%(record)s, Agee: 1 } });
  // @ts-expect-error A category that is not known.
  const refused = await client.POST(%(path)s, { body: { ...%(record)s, Sex: "unknown" } });
  if (refused.error?.errors?.[0]?.pointer !== "/Sex") throw new Error("it was answered");
}
"""
TAIL = "console.log(JSON.stringify(told));\n"


def main() -> None:
    asked = list(cases())
    Path("openapi.json").write_bytes(document(asked))
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SOURCES / name, name)
    run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    run("node_modules/.bin/openapi-typescript", "openapi.json", "--output", "api.ts")
    Path("ask.ts").write_text("".join([HEAD, *map(program, asked), TAIL]), encoding="utf-8")
    run("node_modules/.bin/tsc", *OPTIONS, "ask.ts")
    told = json.loads(subprocess.run(["node", "ask.js"], check=True, stdout=subprocess.PIPE).stdout)
    assert told == [case.answer for case in asked]
    print(json.dumps([answer["prediction"] for answer in told]))


def program(case: Case) -> str:
    written: dict[str, Any] = {
        "url": case.url,
        "path": f"/models/{case.name}/predict",
        "records": case.records,
        "record": case.records[0],
    }
    query = "probabilities: true" if "probability" in case.answer else ""
    return ASK % ({name: json.dumps(value) for name, value in written.items()} | {"query": query})


def run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main()
