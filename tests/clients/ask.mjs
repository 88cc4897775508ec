// Ask an API by the client for npm, and print what came of it: ask.mjs URL KEY; ask.py does the same.
import * as other from "other-api-client";
import { ApiError, Client } from "titanic-survival-api-client";

const [url, key] = process.argv.slice(2);
const N_ROWS = 100_000;
const GIRL = { Age: 3, Sex: "female" };
const MAN = { Age: 300, Sex: "male", Embarked: "S" };
const TABLE = "Age,Sex,Embarked\n3,female,\n300,male,S\n";

function said(error) {
  return error.message.replace("new Client(url, { key })", "Client(url, key=…)");
}

async function refusal(act) {
  try {
    await act();
  } catch (error) {
    if (error instanceof ApiError) {
      return { status: error.status, detail: error.detail, errors: error.errors, text: said(error) };
    }
    throw error;
  }
  throw new Error("it was not refused");
}

async function message(act) {
  return act().then(() => "it was done", (error) => error.message.replace(/\(.*\)/, ""));
}

async function textOf(table) {
  return new Response((await client.predictCsv(table)).body).text();
}

function* lines() {
  yield "Age,Sex,Embarked\n";
  for (let row = 0; row < N_ROWS; row++) yield row % 2 ? "3,female,\n" : "30,male,S\n";
}

async function stream() {
  const { body } = await client.predictCsv(lines());
  let [nRows, nSurvived] = [0, 0];
  for await (const block of body.pipeThrough(new TextDecoderStream())) {
    nRows += block.split("\n").length - 1;
    nSurvived += block.split("1").length - 1;
  }
  return `${nRows - 1} ${nSurvived}`;
}

async function differences() {
  try {
    await new other.Client(url, { key }).predict(GIRL);
  } catch (error) {
    if (error instanceof other.ModelDiffers) return error.differences;
    throw error;
  }
  throw new Error("nothing differs");
}

async function often(times, who) {
  const all = [];
  for (let time = 0; time < times; time++) all.push((await who.predict(GIRL)).prediction);
  return all;
}

const client = new Client(url, { key });
const impatient = new Client(url, { key, retries: 0 });
const small = new Client(url, { key, maxRows: 2 });
const one = await client.predict(GIRL);
const many = await client.predict([GIRL, MAN], { probabilities: true, explain: true, warnings: true });
const table = await client.predictCsv(TABLE, { probabilities: true });
const found = {
  one: one.prediction,
  version: one.modelVersion,
  many: [many.prediction, many.probability, many.explanation, many.warnings],
  batches: [
    (await small.predict([GIRL, MAN, GIRL, MAN, GIRL, MAN])).prediction,
    (await small.predict([GIRL, GIRL, MAN], { warnings: true })).warnings,
  ],
  none: await refusal(() => client.predict([])),
  unknown: await refusal(() => small.predict([GIRL, GIRL, GIRL, { ...GIRL, Sex: "neither" }])),
  "no key": await refusal(() => new Client(url).predictCsv(lines())),
  table: await new Response(table.body).text(),
  "as text": await Promise.all([TABLE, Buffer.from(TABLE), [TABLE]].map(textOf)),
  NaN: (await client.predict({ ...GIRL, Age: NaN })).prediction,
  infinity: await message(() => client.predict([GIRL, { ...GIRL, Age: Infinity }])),
  stream: await stream(),
  differences: await differences(),
  "too often": (await refusal(() => often(1_000, impatient))).status,
  "with path": (await refusal(() => new Client(`${url}predict`, { key }).predict(GIRL))).text,
  "not there": await message(() => new Client("http://127.0.0.1:2").predict(GIRL)),
  key: await message(async () => new Client(url, { key: "mapi_secret\n" })),
  again: await often(2, client),
};
console.log(JSON.stringify(found));
