// The operators of graphs by name, as ONNX describes them: each is made from its attributes, and given its inputs.

import { axisOf, blank, commonShape, each, isWhole, lanes, places, sizeOf, spread, take, tensor, TYPES } from "./tensors.js";
import { treeEnsemble } from "./trees.js";

const same = (calculate) => () => (...inputs) => each(inputs[0].type, calculate, ...inputs);
const asks = (calculate) => () => (...inputs) => each("bool", calculate, ...inputs);
const folds = (calculate) => () => (...inputs) => inputs.reduce((one, other) => each(one.type, calculate, one, other));

// Calculate along some axes, from a number with each cell, and at the end with how many there were.
const reduces = (start, add, finish = (value) => value) => ({ axes: own, keepdims = 1 }) => (one, given) => {
  const axes = Array.from(own ?? given?.data ?? [], (axis) => axisOf(axis, one.shape));
  const isGone = (axis) => !axes.length || axes.includes(axis);
  const kept = one.shape.map((length, axis) => (isGone(axis) ? 1 : length));
  const found = new Float64Array(sizeOf(kept)).fill(start);
  const where = places(kept, one.shape);
  for (let place = 0; place < where.length; place++) found[where[place]] = add(found[where[place]], one.data[place]);
  const count = one.data.length / found.length;
  const shape = keepdims ? kept : kept.filter((_, axis) => !isGone(axis));
  return tensor(one.type, shape, found.map((value) => finish(value, count)));
};

// Do something with the cells of each line along an axis, which it reads and writes.
function along(one, axis, made, act) {
  const { outer, length, inner } = lanes(one.shape, axis);
  const size = made.data.length / (outer * inner);
  for (let before = 0; before < outer; before++) {
    for (let behind = 0; behind < inner; behind++) {
      const read = (k) => one.data[(before * length + k) * inner + behind];
      act(read, length, (k, value) => (made.data[(before * size + k) * inner + behind] = value));
    }
  }
  return made;
}

const finds = (isBetter) => ({ axis = 0, keepdims = 1 }) => (one) => {
  const shape = one.shape.map((length, at) => (at === axisOf(axis, one.shape) ? 1 : length));
  const made = along(one, axis, blank("int64", shape), (read, length, write) => {
    let best = 0;
    for (let k = 1; k < length; k++) if (isBetter(read(k), read(best))) best = k;
    write(0, best);
  });
  return keepdims ? made : { ...made, shape: made.shape.filter((_, at) => at !== axisOf(axis, one.shape)) };
};

const softmax = ({ axis = -1 }) => (one) =>
  along(one, axis, blank(one.type, one.shape), (read, length, write) => {
    const values = Array.from({ length }, (_, k) => read(k));
    const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
    const powers = values.map((value) => Math.exp(value - largest));
    const sum = powers.reduce((a, b) => a + b, 0);
    powers.forEach((power, k) => write(k, power / sum));
  });

const cumSum = ({ exclusive = 0, reverse = 0 }) => (one, { data: [axis] }) =>
  along(one, axis, blank(one.type, one.shape), (read, length, write) => {
    let sum = 0;
    for (let step = 0; step < length; step++) {
      const k = reverse ? length - 1 - step : step;
      if (exclusive) write(k, sum);
      sum += read(k);
      if (!exclusive) write(k, sum);
    }
  });

const topK = ({ axis = -1, largest = 1 }) => (one, { data: [count] }) => {
  const shape = one.shape.map((length, at) => (at === axisOf(axis, one.shape) ? count : length));
  const order = along(one, axis, blank("int64", shape), (read, length, write) => {
    const sorted = Array.from({ length }, (_, k) => k).sort((a, b) => (largest ? read(b) - read(a) : read(a) - read(b)));
    for (let k = 0; k < count; k++) write(k, sorted[k]);
  });
  return [gatherElements({ axis })(one, order), order];
};

const gatherElements = ({ axis = 0 }) => (one, at) => {
  const { length, inner } = lanes(one.shape, axis);
  const size = at.shape[axisOf(axis, at.shape)];
  return tensor(one.type, at.shape, Array.from(at.data, (k, place) => {
    const before = Math.floor(place / (size * inner));
    return one.data[(before * length + (k < 0 ? k + length : k)) * inner + (place % inner)];
  }));
};

const concat = ({ axis }) => (...inputs) => {
  const [{ type, shape }] = inputs;
  const at = axisOf(axis, shape);
  const widths = inputs.map((one) => sizeOf(one.shape.slice(at)));
  const width = widths.reduce((a, b) => a + b, 0);
  const made = blank(type, shape.map((length, k) => (k === at ? inputs.reduce((sum, one) => sum + one.shape[at], 0) : length)));
  let start = 0;
  for (const [k, one] of inputs.entries()) {
    one.data.forEach((value, place) => {
      made.data[Math.floor(place / widths[k]) * width + start + (place % widths[k])] = value;
    });
    start += widths[k];
  }
  return made;
};

const slice = () => (one, starts, ends, axes, steps) =>
  Array.from(starts.data).reduce((part, start, k) => {
    const axis = axes ? axes.data[k] : k;
    const length = part.shape[axisOf(axis, part.shape)];
    const step = steps ? steps.data[k] : 1;
    const inside = (place) => Math.min(Math.max(place < 0 ? place + length : place, step < 0 ? -1 : 0), step < 0 ? length - 1 : length);
    const at = [];
    for (let place = inside(start); step > 0 ? place < inside(ends.data[k]) : place > inside(ends.data[k]); place += step) at.push(place);
    return take(part, axis, at);
  }, one);

const reshape = () => (one, { data }) => {
  const shape = Array.from(data, (length, axis) => (length === 0 ? one.shape[axis] : length));
  const known = shape.reduce((size, length) => (length < 0 ? size : size * length), 1);
  return { ...one, shape: shape.map((length) => (length < 0 ? one.data.length / known : length)) };
};

const transpose = ({ perm }) => (one) => {
  const order = perm ?? one.shape.map((_, axis) => one.shape.length - 1 - axis);
  const strides = one.shape.map((_, axis) => sizeOf(one.shape.slice(axis + 1)));
  const made = blank(one.type, order.map((axis) => one.shape[axis]));
  const back = made.shape.map((_, axis) => sizeOf(made.shape.slice(axis + 1)));
  for (let place = 0; place < made.data.length; place++) {
    made.data[place] = one.data[order.reduce((own, axis, k) => own + (Math.floor(place / back[k]) % made.shape[k]) * strides[axis], 0)];
  }
  return made;
};

// Of matrices, and of a matrix and a vector.
const matMul = () => (one, other) => {
  if (one.shape.length > 2 || other.shape.length > 2) throw new Error("it multiplies nothing larger than matrices");
  const [n_rows, depth] = one.shape.length > 1 ? one.shape : [1, ...one.shape];
  const width = other.shape[1] ?? 1;
  const made = blank(one.type, [...one.shape.slice(0, -1), ...other.shape.slice(1)]);
  const row = new Float64Array(width);
  for (let at = 0; at < n_rows; at++) {
    row.fill(0);
    for (let k = 0; k < depth; k++) {
      const value = one.data[at * depth + k];
      for (let column = 0; column < width; column++) row[column] += value * other.data[k * width + column];
    }
    made.data.set(row, at * width);
  }
  return made;
};

const gemm = ({ alpha = 1, beta = 1, transA = 0, transB = 0 }) => (one, other, added) => {
  const [a, b] = [transA ? transpose({})(one) : one, transB ? transpose({})(other) : other];
  const product = matMul()(a, b);
  return added ? each(one.type, (value, more) => alpha * value + beta * more, product, added) : each(one.type, (value) => alpha * value, product);
};

// Around the largest, whose power may have no end.
const logSumExp = (attributes) => (one, given) => {
  const most = OPERATORS.ReduceMax({ ...attributes, keepdims: 1 })(one, given);
  const powers = each(one.type, (value, top) => Math.exp(value - top), one, most);
  const sums = OPERATORS.ReduceSum(attributes)(powers, given);
  return each(one.type, (sum, top) => Math.log(sum) + top, sums, { ...most, shape: sums.shape });
};

const cast = ({ to }) => (one) => {
  const type = TYPES[to];
  if (!type) throw new Error(`it does not know tensors of type ${to}`);
  const read = one.type === "string" ? Number : (value) => value;
  if (type === "string") return each(type, (value) => write(value, one.type), one);
  if (type === "bool") return each(type, (value) => Number(read(value) !== 0), one);
  return each(type, isWhole(type) ? (value) => Math.trunc(read(value)) : read, one);
};

// As C does by %.17g, of a float by %.8g.
function write(value, type) {
  if (type !== "double" && type !== "float") return String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "INF" : "-INF";
  const digits = type === "float" ? 8 : 17;
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  const short = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (exponent >= -4 && exponent < digits) return short(value.toFixed(digits - 1 - exponent));
  return `${short(mantissa)}e${power[0]}${power.slice(1).padStart(2, "0")}`;
}

const squeeze = () => (one, axes) => {
  const gone = axes ? Array.from(axes.data, (axis) => axisOf(axis, one.shape)) : null;
  return { ...one, shape: one.shape.filter((length, axis) => (gone ? !gone.includes(axis) : length !== 1)) };
};

const unsqueeze = () => (one, { data }) => {
  const shape = [...one.shape];
  const rank = shape.length + data.length;
  for (const axis of Array.from(data, (own) => (own < 0 ? own + rank : own)).sort((a, b) => a - b)) shape.splice(axis, 0, 1);
  return { ...one, shape };
};

// With one more dimension where the first input has a single one, as scikit-learn's converters expect.
const arrayFeatureExtractor = () => (one, { data }) => {
  const made = take(one, -1, data);
  return made.shape.length > 1 ? made : { ...made, shape: [1, ...made.shape] };
};

function round(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

const largest = (a, b) => (a > b || a !== a ? a : b);
const smallest = (a, b) => (a < b || a !== a ? a : b);

export const OPERATORS = {
  Abs: same(Math.abs),
  Add: same((a, b) => a + b),
  And: asks((a, b) => a && b),
  ArgMax: finds((a, b) => a > b),
  ArgMin: finds((a, b) => a < b),
  ArrayFeatureExtractor: arrayFeatureExtractor,
  Cast: cast,
  Ceil: same(Math.ceil),
  Clip: () => (one, low, high) => each(one.type, (value) => smallest(largest(value, low?.data[0] ?? -Infinity), high?.data[0] ?? Infinity), one),
  Concat: concat,
  Cos: same(Math.cos),
  CumSum: cumSum,
  Div: () => (one, other) => each(one.type, isWhole(one.type) ? (a, b) => Math.trunc(a / b) : (a, b) => a / b, one, other),
  Equal: asks((a, b) => a === b),
  Exp: same(Math.exp),
  Expand: () => (one, { data }) => spread(one, commonShape([one.shape, Array.from(data)])),
  Floor: same(Math.floor),
  Gather: ({ axis = 0 }) => (one, at) => take(one, axis, at.data, at.shape),
  GatherElements: gatherElements,
  Gemm: gemm,
  Greater: asks((a, b) => a > b),
  GreaterOrEqual: asks((a, b) => a >= b),
  Identity: () => (one) => one,
  IsInf: asks((a) => a === Infinity || a === -Infinity),
  IsNaN: asks((a) => a !== a),
  Less: asks((a, b) => a < b),
  LessOrEqual: asks((a, b) => a <= b),
  Log: same(Math.log),
  MatMul: matMul,
  Max: folds(largest),
  Mean: () => (...inputs) => each(inputs[0].type, (sum) => sum / inputs.length, OPERATORS.Sum()(...inputs)),
  Min: folds(smallest),
  Mul: same((a, b) => a * b),
  Neg: same((a) => -a),
  Not: asks((a) => !a),
  Or: asks((a, b) => a || b),
  Pow: same((a, b) => a ** b),
  Reciprocal: same((a) => 1 / a),
  ReduceL1: reduces(0, (sum, value) => sum + Math.abs(value)),
  ReduceL2: reduces(0, (sum, value) => sum + value * value, Math.sqrt),
  ReduceLogSumExp: logSumExp,
  ReduceMax: reduces(-Infinity, largest),
  ReduceMean: reduces(0, (sum, value) => sum + value, (sum, count) => sum / count),
  ReduceMin: reduces(Infinity, smallest),
  ReduceProd: reduces(1, (product, value) => product * value),
  ReduceSum: reduces(0, (sum, value) => sum + value),
  ReduceSumSquare: reduces(0, (sum, value) => sum + value * value),
  Relu: same((a) => (a < 0 ? 0 : a)),
  Reshape: reshape,
  Round: same(round),
  SequenceConstruct: () => (...inputs) => ({ sequence: inputs }),
  Shape: () => (one) => tensor("int64", [one.shape.length], one.shape),
  Sigmoid: same((a) => 1 / (1 + Math.exp(-a))),
  Sign: same(Math.sign),
  Sin: same(Math.sin),
  Slice: slice,
  Softmax: softmax,
  Sqrt: same(Math.sqrt),
  Squeeze: squeeze,
  Sub: same((a, b) => a - b),
  Sum: folds((a, b) => a + b),
  Tanh: same(Math.tanh),
  TopK: topK,
  Transpose: transpose,
  TreeEnsemble: treeEnsemble,
  Unsqueeze: unsqueeze,
  Where: () => (condition, one, other) => each(one.type, (is, a, b) => (is ? a : b), condition, one, other),
  Xor: asks((a, b) => a !== b),
};
