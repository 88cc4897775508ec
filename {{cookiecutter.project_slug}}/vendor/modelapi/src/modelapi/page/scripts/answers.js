// What a graph says, as the API answers it.

// The tensors of the outputs as {prediction, probability, score}, each with an entry for each row.
export function answerOf(values, n_rows, { signature, graph, targets }, options) {
  const { labels, shares, scores } = graph.outputs;
  const answer = { prediction: byTarget(predictions(values.get(labels), n_rows, targets), signature) };
  if (options.probabilities) answer.probability = byTarget(probabilities(values.get(shares), n_rows, targets), signature);
  if (options.scores) answer.score = scoresOf(values.get(scores), n_rows, signature.scores);
  return answer;
}

const rowsOf = (n_rows, read) => Array.from({ length: n_rows }, (_, row) => read(row));
const named = (names, read) => Object.fromEntries(names.map((name, place) => [name, read(place)]));
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

// They come as one tensor or as one a target; one for several targets is how likely each is to be 1.
function probabilities(shares, n_rows, targets) {
  return targets.map(({ names }, target) => {
    const { shape, data } = shares.sequence?.[target] ?? shares;
    const width = shape.at(-1);
    if (targets.length > 1 && !shares.sequence) {
      return rowsOf(n_rows, (row) => named(names, (place) => plain(place ? data[row * width + target] : 1 - data[row * width + target])));
    }
    return rowsOf(n_rows, (row) => named(names, (place) => plain(data[row * width + place])));
  });
}

// A graph writes a single score as one column or, of two classes, as one for each.
function scoresOf({ data }, n_rows, names) {
  const width = data.length / n_rows;
  return rowsOf(n_rows, (row) => (names.length ? named(names, (place) => plain(data[row * width + place])) : plain(data[(row + 1) * width - 1])));
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
