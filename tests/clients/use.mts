// Uses clients as their types allow; a line that ends in `refused` is one that they do not allow.
import * as odd from "odd-client";
import * as plain from "plain-client";
import * as scored from "scored-client";
import * as transform from "transform-client";

const client = new plain.Client("http://localhost:8080", { key: "…", timeout: 5_000, retries: 1 });
const one: plain.InputRecord = { Sex: "female", keys: 2, Class: 3, share: 0.5, aboard: true, day: new Date(), note: "" };

function* records(): Iterable<plain.InputRecord> {
  yield { ...one, Age: null };
  yield { ...one, Age: 3 };
}

const answer = await client.predict(records(), { probabilities: true, explain: true, warnings: true });
let label: 0 | 1 | undefined = answer.prediction[0];
let share: number | undefined = answer.probability[0]?.["1"];
export const all: (number | undefined)[] = [share, answer.explanation[0]?.["1"].contributions["Age"]];
export const pointers: string[] = answer.warnings.map((fault) => fault.pointer);
export const table: plain.Table = await client.predictCsv(["Age\n"], { probabilities: true });

one.Sex = "neither"; // refused
one.Sexx = "male"; // refused
export const wrong: plain.InputRecord = { ...one, Age: "3" }; // refused
await client.predict({ Age: 3 }); // refused
await client.predict([{ ...one, Class: 4 }]); // refused
await client.predict({ ...one, length: 4 }); // refused
await client.predict(one, { scores: true }); // refused
share = answer.probability[0]?.["2"]; // refused

const topic: odd.InputRecord = { "a b": 1, class: "*/", '"""': 2, "größe ✓": "category 999", "li\nne": null, ["__proto__"]: 1 };
const topics = await new odd.Client("http://localhost:8080").predict([topic]);
label = topics.prediction[0]?.["sport & games"];
share = topics.probability[0]?.news["1"];
topic["größe ✓"] = "category 1000"; // refused
topic["grösse"] = "category 1"; // refused

export const made: number | undefined = (await new transform.Client("http://localhost:8080").predict({ x: 1 })).prediction[0]?.["pca 0"];
export const kind: "a b" | "c" | "d" | undefined = (await new scored.Client("http://localhost:8080").predict({ x: 1 })).prediction[0];
export const score: number | undefined = (await new scored.Client("http://localhost:8080").predict({ x: 1 }, { scores: true })).score[0]?.["a b"];
await new transform.Client("http://localhost:8080").predict({ x: 1 }, { probabilities: true }); // refused
