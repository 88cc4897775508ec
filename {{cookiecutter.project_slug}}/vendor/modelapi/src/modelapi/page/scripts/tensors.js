// Tensors, what a graph calculates with: {type, shape, data}. Numbers are in arrays that round them as their type does.

const ARRAYS = { double: Float64Array, float: Float32Array, int64: Float64Array, int32: Int32Array, bool: Uint8Array, string: Array };

// The types by their numbers in ONNX.
export const TYPES = { 1: "float", 6: "int32", 7: "int64", 8: "string", 9: "bool", 11: "double" };

export const isWhole = (type) => type === "int64" || type === "int32";
export const sizeOf = (shape) => shape.reduce((size, length) => size * length, 1);
export const blank = (type, shape) => ({ type, shape, data: new ARRAYS[type](sizeOf(shape)) });

export function tensor(type, shape, data) {
  const Kind = ARRAYS[type];
  return { type, shape, data: data instanceof Kind ? data : Kind.from(data) };
}

// As a file holds it: numbers as base64 of their bytes, the least first, others as a list.
export function unpack({ kind, shape, data }) {
  const type = TYPES[kind];
  if (!type) throw new Error(`it does not know tensors of type ${kind}`);
  if (typeof data !== "string") return tensor(type, shape, data);
  const bytes = bytesOf(data);
  return tensor(type, shape, new ARRAYS[type](bytes.buffer));
}

export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

// For each cell of a shape, the place of the cell of a tensor that is broadcast to it.
export function places(own, shape) {
  const found = new Int32Array(sizeOf(shape));
  const first = shape.length - own.length;
  let filled = 1;
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = axis < first ? 1 : own[axis - first];
    const step = length === 1 ? 0 : stride;
    for (let place = filled; place < filled * shape[axis]; place++) found[place] = found[place - filled] + step;
    filled *= shape[axis];
    stride *= length;
  }
  return found;
}

export function commonShape(shapes) {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    return lengths.find((length) => length !== 1) ?? 1;
  });
}

export function spread(one, shape) {
  if (one.shape.join() === shape.join()) return one;
  const spreaded = blank(one.type, shape);
  places(one.shape, shape).forEach((own, place) => {
    spreaded.data[place] = one.data[own];
  });
  return spreaded;
}

// Calculate cell by cell, of up to three tensors that are broadcast to each other.
export function each(type, calculate, ...inputs) {
  const shape = commonShape(inputs.map((one) => one.shape));
  const [a, b, c] = inputs.map((one) => spread(one, shape).data);
  const made = blank(type, shape);
  for (let place = 0; place < a.length; place++) made.data[place] = calculate(a[place], b?.[place], c?.[place]);
  return made;
}

export const axisOf = (axis, shape) => (axis < 0 ? axis + shape.length : axis);

// Of an axis: how many cells are before it, along it and behind it.
export function lanes(shape, axis) {
  const at = axisOf(axis, shape);
  return { outer: sizeOf(shape.slice(0, at)), length: shape[at], inner: sizeOf(shape.slice(at + 1)) };
}

// The parts of a tensor at these places of an axis, whose length becomes a shape of its own.
export function take(one, axis, at, shape = [at.length]) {
  const place = axisOf(axis, one.shape);
  const { outer, length, inner } = lanes(one.shape, axis);
  const taken = blank(one.type, [...one.shape.slice(0, place), ...shape, ...one.shape.slice(place + 1)]);
  let next = 0;
  for (let before = 0; before < outer; before++) {
    for (let k = 0; k < at.length; k++) {
      const start = (before * length + (at[k] < 0 ? at[k] + length : at[k])) * inner;
      for (let behind = 0; behind < inner; behind++) taken.data[next++] = one.data[start + behind];
    }
  }
  return taken;
}
