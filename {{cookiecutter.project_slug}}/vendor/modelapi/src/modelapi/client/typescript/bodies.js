// What is sent: records in JSON, as many at a time as the API takes, and tables in blocks.

const BLOCK = 65_536; // Bytes.
const encoder = new TextEncoder();

/** Write a record, null for NaN; number is which record it is, for errors. */
export function writeRecord(record, number = 0) {
  if (typeof record !== "object" || record === null) {
    const type = record === null ? "null" : typeof record;
    throw new TypeError(`record ${number} is of type ${type}: a record is an object of features by name`);
  }
  return JSON.stringify(record, (name, value) => {
    if (value !== Infinity && value !== -Infinity) return value;
    throw new RangeError(`record ${number}, feature "${name}": JSON has no infinity: send null where a value is missing`);
  });
}

/** Write records in lists under both limits, and before each say how many records came before. */
export function* batches(records, maxRows, maxBytes) {
  let [start, rows, size] = [0, [], 1];
  for (const record of records) {
    const row = writeRecord(record, start + rows.length);
    const length = encoder.encode(row).length + 1;
    if (rows.length > 0 && (rows.length === maxRows || size + length > maxBytes)) {
      yield [start, `[${rows.join(",")}]`];
      [start, rows, size] = [start + rows.length, [], 1];
    }
    rows.push(row);
    size += length;
  }
  // Without any record it is for the API to say so.
  if (rows.length > 0 || start === 0) yield [start, `[${rows.join(",")}]`];
}

/** Tell whether a table can be sent again. */
export function isRepeatable(table) {
  return typeof table === "string" || table instanceof Blob || table instanceof Uint8Array;
}

/** Make a stream of the parts of a table, which may be lines, in blocks. */
export function streamOf(parts) {
  if (parts instanceof ReadableStream) return parts;
  const iterator = parts[Symbol.asyncIterator]?.() ?? parts[Symbol.iterator]();
  return new ReadableStream({
    async pull(controller) {
      const block = [];
      let size = 0;
      while (size < BLOCK) {
        const { value, done } = await iterator.next();
        if (done) break;
        block.push(typeof value === "string" ? encoder.encode(value) : value);
        size += block.at(-1).length;
      }
      if (size > 0) controller.enqueue(join(block, size));
      if (size < BLOCK) controller.close();
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

function join(block, size) {
  const bytes = new Uint8Array(size);
  let place = 0;
  for (const part of block) {
    bytes.set(part, place);
    place += part.length;
  }
  return bytes;
}
