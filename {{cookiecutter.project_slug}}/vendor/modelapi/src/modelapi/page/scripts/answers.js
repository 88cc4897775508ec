// What a graph says, as the API answers it.

// The tensors of the outputs as {prediction, probability, score}, each with an entry for each row.
export function answerOf(values, n_rows, { signature, graph, targets }, options) {
  const { labels, shares, scores } = graph.outputs;
  const answer = { prediction: byTarget(predictions(values.get(labels), n_rows, targets), signature) };
  const named = (names) => (row) => Object.fromEntries(names.map((name, place) => [name, plain(row[place])]));
  if (options.probabilities) {
    const found = probabilities(values.get(shares), n_rows, targets);
    answer.probability = byTarget(found.map((rows, place) => rows.map(named(targets[place].names))), signature);
  }
  if (options.scores) {
    const write = signature.scores.length ? named(signature.scores) : ([score]) => plain(score);
    answer.score = scoresOf(values.get(scores), n_rows, signature.scores).map(write);
  }
  return answer;
}

const rowsOf = (n_rows, read) => Array.from({ length: n_rows }, (_, row) => read(row));
// NaN and infinity are not in JSON.
const plain = (value) => (typeof value === "number" && !Number.isFinite(value) ? null : value);

function predictions({ type, data }, n_rows, targets) {
  const width = data.length / n_rows;
  return targets.map(({ type: kind, classes }, place) => {
    // A graph names booleans and floats by whole numbers.
    const known = classes && ["boolean", "number"].includes(kind) ? new Map(classes.map((label) => [Math.trunc(Number(label)), label])) : null;
    const read = (label) => (known ? known.get(label) : type === "bool" ? Boolean(label) : plain(label));
    return rowsOf(n_rows, (row) => read(data[row * width + place]));
  });
}

// By target, and of each by row, those of its classes. They come as one tensor or as one a target; one for several
// targets is how likely each is to be 1.
function probabilities(shares, n_rows, targets) {
  return targets.map((_, target) => {
    const { shape, data } = shares.sequence?.[target] ?? shares;
    const width = shape.at(-1);
    const isOfAll = targets.length > 1 && !shares.sequence;
    return rowsOf(n_rows, (row) => (isOfAll ? [1 - data[row * width + target], data[row * width + target]] : [...data.slice(row * width, (row + 1) * width)]));
  });
}

// A graph writes a single score as one column or, of two classes, as one for each.
function scoresOf({ data }, n_rows, names) {
  const width = data.length / n_rows;
  return rowsOf(n_rows, (row) => [...data.slice(names.length ? row * width : (row + 1) * width - 1, (row + 1) * width)]);
}

// The numbers of each row that are explained: the probability of each class, else the scores, else what is predicted.
export function numbersOf(values, n_rows, { signature, graph, targets }) {
  const { labels, shares, scores } = graph.outputs;
  if (scores && !shares) return scoresOf(values.get(scores), n_rows, signature.scores);
  const byTargets = shares ? probabilities(values.get(shares), n_rows, targets) : predictions(values.get(labels), n_rows, targets);
  return rowsOf(n_rows, (row) => byTargets.flatMap((of) => of[row]));
}

// What is said of each number under its name, and these under their targets, as `names` has them: null is no name.
export function underNames(entries, names) {
  const left = entries.values();
  const under = (pairs) => (pairs[0][0] === null ? pairs[0][1] : Object.fromEntries(pairs));
  return under(names.map(([target, own]) => [target, under(own.map((name) => [name, left.next().value]))]));
}

function byTarget(values, { target }) {
  if (!target.outputs) return values[0];
  return values[0].map((_, row) => Object.fromEntries(target.outputs.map(({ name }, place) => [name, values[place][row]])));
}

// What is outside the range seen, and the categories that were not, row by row.
export function warningsOf(columns, model, start) {
  const found = [];
  for (const feature of model.signature.features) {
    const isStrange = strangeTo(feature, model);
    if (!isStrange) continue;
    for (const [row, value] of columns[feature.name].entries()) {
      if (value !== null && isStrange(value)) found.push({ row: start + row, name: feature.name, detail: model.faults[feature.name].warning });
    }
  }
  found.sort((one, other) => one.row - other.row);
  return found.map(({ row, name, detail }) => ({ pointer: `/${row}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`, detail }));
}

function strangeTo({ name, categories }, { ranges }) {
  if (categories) return (value) => !categories.includes(value);
  if (!ranges[name]) return null;
  const [low, high] = ranges[name];
  return (value) => value < low || value > high;
}
