// Ask an API by the types that openapi-typescript made of its document, and print what came of it; a line that ends in
// `refused` is one that these do not allow: ask_generated.mjs URL.
import createClient from "openapi-fetch";
import type { components, paths } from "./generated.js";

declare const process: { argv: string[] };
type Prediction = components["schemas"]["Prediction"];

const client = createClient<paths>({ baseUrl: String(process.argv[2]) });
const girl: components["schemas"]["Record"] = { Age: 3, Sex: "female" };
const one = await client.POST("/predict", { body: girl, params: { query: { probabilities: true } } });
const many = await client.POST("/predict", { body: [girl, { Sex: "male", Age: null }] });
const { error } = await client.POST("/predict", { body: [{ Sex: "neither" }] }); // refused
await client.POST("/predict", { body: { Sexx: "female" } }); // refused
const { prediction, probability } = one.data as Prediction;
const version = one.response.headers.get("x-model-version");
console.log(JSON.stringify([prediction, probability, version, (many.data as Prediction).prediction, error?.errors]));
