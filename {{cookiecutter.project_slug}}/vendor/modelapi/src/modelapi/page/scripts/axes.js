// Operators that calculate along axes.

import { gatherElements } from "./shapes.js";
import { axisOf, blank, each, lanes, places, sizeOf, tensor } from "./tensors.js";

export const largest = (a, b) => Math.max(a, b);
export const smallest = (a, b) => Math.min(a, b);

// Calculate along some axes, from a number with each cell, and at the end with how many there were.
export const reduces = (start, add, finish = (value) => value) => ({ axes: own, keepdims = 1 }) => (one, given) => {
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

// Around the largest, whose power may have no end.
export const logSumExp = (attributes) => (one, given) => {
  const most = reduces(-Infinity, largest)({ ...attributes, keepdims: 1 })(one, given);
  const powers = each(one.type, (value, top) => Math.exp(value - top), one, most);
  const sums = reduces(0, (sum, value) => sum + value)(attributes)(powers, given);
  return each(one.type, (sum, top) => Math.log(sum) + top, sums, { ...most, shape: sums.shape });
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

export const finds = (isBetter) => ({ axis = 0, keepdims = 1 }) => (one) => {
  const shape = one.shape.map((length, at) => (at === axisOf(axis, one.shape) ? 1 : length));
  const made = along(one, axis, blank("int64", shape), (read, length, write) => {
    let best = 0;
    for (let k = 1; k < length; k++) if (isBetter(read(k), read(best))) best = k;
    write(0, best);
  });
  return keepdims ? made : { ...made, shape: made.shape.filter((_, at) => at !== axisOf(axis, one.shape)) };
};

export const softmax = ({ axis = -1 }) => (one) =>
  along(one, axis, blank(one.type, one.shape), (read, length, write) => {
    const values = Array.from({ length }, (_, k) => read(k));
    const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
    const powers = values.map((value) => Math.exp(value - largest));
    const sum = powers.reduce((a, b) => a + b, 0);
    powers.forEach((power, k) => write(k, power / sum));
  });

export const cumSum = ({ exclusive = 0, reverse = 0 }) => (one, { data: [axis] }) =>
  along(one, axis, blank(one.type, one.shape), (read, length, write) => {
    let sum = 0;
    for (let step = 0; step < length; step++) {
      const k = reverse ? length - 1 - step : step;
      if (exclusive) write(k, sum);
      sum += read(k);
      if (!exclusive) write(k, sum);
    }
  });

export const topK = ({ axis = -1, largest = 1 }) => (one, { data: [count] }) => {
  const shape = one.shape.map((length, at) => (at === axisOf(axis, one.shape) ? count : length));
  const order = along(one, axis, blank("int64", shape), (read, length, write) => {
    const sorted = Array.from({ length }, (_, k) => k).sort((a, b) => (largest ? read(b) - read(a) : read(a) - read(b)));
    for (let k = 0; k < count; k++) write(k, sorted[k]);
  });
  return [gatherElements({ axis })(one, order), order];
};
