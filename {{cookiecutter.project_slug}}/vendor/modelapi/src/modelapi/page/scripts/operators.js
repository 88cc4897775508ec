// The operators of graphs by name, as ONNX describes them: each is made from its attributes, and given its inputs.

import { cumSum, finds, largest, logSumExp, reduces, smallest, softmax, topK } from "./axes.js";
import { arrayFeatureExtractor, concat, gatherElements, reshape, slice, squeeze, transpose, unsqueeze } from "./shapes.js";
import { blank, commonShape, each, isWhole, spread, take, tensor, TYPES } from "./tensors.js";
import { treeEnsemble } from "./trees.js";

const same = (calculate) => () => (...inputs) => each(inputs[0].type, calculate, ...inputs);
const asks = (calculate) => () => (...inputs) => each("bool", calculate, ...inputs);
const folds = (calculate) => () => (...inputs) => inputs.reduce((one, other) => each(one.type, calculate, one, other));

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

function round(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

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
