// Answers questions without a page, to a process that compares the answers: {model, questions} are given as one text.

import { LocalApi, unfold } from "./local.js";

async function answer({ model, questions }) {
  const api = new LocalApi(model);
  const answers = [];
  for (const { records, table, options } of questions) {
    const answering = records ? api.predict(records, options) : api.predictTable(table, options);
    answers.push(await answering.catch(({ message, errors = [] }) => ({ detail: message, errors })));
  }
  return answers;
}

const answers = await answer(await unfold(globalThis.GIVEN)).catch(({ message }) => ({ refused: message }));
const text = JSON.stringify(answers);
if (typeof document === "undefined") process.stdout.write(text);
else document.body.textContent = text;
