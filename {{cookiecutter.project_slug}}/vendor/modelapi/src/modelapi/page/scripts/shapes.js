// Operators that put cells elsewhere.

import { axisOf, blank, lanes, sizeOf, take, tensor } from "./tensors.js";

export const concat = ({ axis }) => (...inputs) => {
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

export const gatherElements = ({ axis = 0 }) => (one, at) => {
  const { length, inner } = lanes(one.shape, axis);
  const size = at.shape[axisOf(axis, at.shape)];
  return tensor(one.type, at.shape, Array.from(at.data, (k, place) => {
    const before = Math.floor(place / (size * inner));
    return one.data[(before * length + (k < 0 ? k + length : k)) * inner + (place % inner)];
  }));
};

export const slice = () => (one, starts, ends, axes, steps) =>
  Array.from(starts.data).reduce((part, start, k) => {
    const axis = axes ? axes.data[k] : k;
    const length = part.shape[axisOf(axis, part.shape)];
    const step = steps ? steps.data[k] : 1;
    const inside = (place) => Math.min(Math.max(place < 0 ? place + length : place, step < 0 ? -1 : 0), step < 0 ? length - 1 : length);
    const at = [];
    for (let place = inside(start); step > 0 ? place < inside(ends.data[k]) : place > inside(ends.data[k]); place += step) at.push(place);
    return take(part, axis, at);
  }, one);

export const reshape = () => (one, { data }) => {
  const shape = Array.from(data, (length, axis) => (length === 0 ? one.shape[axis] : length));
  const known = shape.reduce((size, length) => (length < 0 ? size : size * length), 1);
  return { ...one, shape: shape.map((length) => (length < 0 ? one.data.length / known : length)) };
};

export const transpose = ({ perm }) => (one) => {
  const order = perm ?? one.shape.map((_, axis) => one.shape.length - 1 - axis);
  const strides = one.shape.map((_, axis) => sizeOf(one.shape.slice(axis + 1)));
  const made = blank(one.type, order.map((axis) => one.shape[axis]));
  const back = made.shape.map((_, axis) => sizeOf(made.shape.slice(axis + 1)));
  for (let place = 0; place < made.data.length; place++) {
    made.data[place] = one.data[order.reduce((own, axis, k) => own + (Math.floor(place / back[k]) % made.shape[k]) * strides[axis], 0)];
  }
  return made;
};

export const squeeze = () => (one, axes) => {
  const gone = axes ? Array.from(axes.data, (axis) => axisOf(axis, one.shape)) : null;
  return { ...one, shape: one.shape.filter((length, axis) => (gone ? !gone.includes(axis) : length !== 1)) };
};

export const unsqueeze = () => (one, { data }) => {
  const shape = [...one.shape];
  const rank = shape.length + data.length;
  for (const axis of Array.from(data, (own) => (own < 0 ? own + rank : own)).sort((a, b) => a - b)) shape.splice(axis, 0, 1);
  return { ...one, shape };
};

// With one more dimension where the first input has a single one, as scikit-learn's converters expect.
export const arrayFeatureExtractor = () => (one, { data }) => {
  const made = take(one, -1, data);
  return made.shape.length > 1 ? made : { ...made, shape: [1, ...made.shape] };
};
