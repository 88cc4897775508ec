// A client but for its types, which are those of one model: the same for every model.
import { batches, isRepeatable, streamOf, writeRecord } from "./bodies.js";
import { compare } from "./comparison.js";
import { ApiError, ConnectError, ModelDiffers } from "./errors.js";

const CSV = "text/csv";
const JSON_TYPE = "application/json";
const AGAIN = [429, 503]; // Which both say that nothing was done.

/** A client of an API, made for what MODEL of index.js says. */
export class BaseClient {
  #model;
  #url;
  #options;
  #known;

  constructor(model, url, options = {}) {
    if (!/^https?:\/\/[^/]/.test(url)) {
      throw new TypeError("the address of an API begins with http:// or https://, as http://localhost:8080");
    }
    if (!/^[ -~]*$/.test(options.key ?? "")) {
      // Others would show it in their errors.
      throw new TypeError("a key has only printable characters of ASCII: .trim() it if it was read from a file");
    }
    this.#model = model;
    this.#url = url.replace(/\/+$/, "");
    this.#options = {
      timeout: 30_000,
      retries: 3,
      longestWait: 60_000,
      maxRows: model.max_rows,
      maxBodyBytes: model.max_body_bytes,
      checkModel: true,
      ...options,
    };
    this.#known = new Set([model.version]);
  }

  async checkModel() {
    const init = { headers: { Accept: JSON_TYPE } };
    const response = await accepted(await this.#send("/model", init, { timeout: this.#options.timeout }));
    const { manifest, signature } = await response.json();
    const found = compare(this.#model.signature, signature);
    const texts = found.map((one) => one.text);
    if (!found.every((one) => one.isHarmless)) throw new ModelDiffers(this.#model.version, manifest.version, texts);
    if (found.length > 0 && !this.#known.has(manifest.version)) {
      console.warn(`version ${manifest.version} of the model: ${texts.join("; ")}`);
    }
    this.#known.add(manifest.version);
    return manifest.version;
  }

  async predict(records, { signal, ...options } = {}) {
    const { timeout, maxRows, maxBodyBytes } = this.#options;
    const most = options.explain ? Math.min(this.#model.max_explained_rows, maxRows) : maxRows;
    const isMany = typeof records?.[Symbol.iterator] === "function";
    const bodies = isMany ? batches(records, most, maxBodyBytes) : [[0, writeRecord(records)]];
    const joined = Object.fromEntries(this.#model.members.map((name) => [name, []]));
    let modelVersion = "";
    for (const [start, body] of bodies) {
      const response = await this.#post({ body, signal }, JSON_TYPE, options, { timeout, start });
      const answer = await response.json();
      answer.warnings = moved(answer.warnings ?? [], start);
      for (const name of this.#model.members) {
        for (const entry of answer[name] ?? []) joined[name].push(entry);
      }
      modelVersion = response.headers.get("x-model-version") ?? "";
    }
    return { ...joined, modelVersion };
  }

  async predictCsv(table, { signal, ...options } = {}) {
    const isStream = !isRepeatable(table);
    if (this.#options.checkModel && isStream) await this.checkModel(); // It is to be refused before it is used up.
    const init = isStream ? { body: streamOf(table), duplex: "half", signal } : { body: table, signal };
    const response = await this.#post(init, CSV, options, { isOnce: isStream });
    return { body: response.body, modelVersion: response.headers.get("x-model-version") ?? "" };
  }

  async #post(init, mediaType, options, how) {
    const wanted = new URLSearchParams(Object.entries(options).filter(([, value]) => value === true)).toString();
    const headers = { Accept: mediaType, "Content-Type": mediaType };
    const response = await this.#send(`/predict${wanted && `?${wanted}`}`, { method: "POST", headers, ...init }, how);
    const version = response.headers.get("x-model-version");
    if (this.#options.checkModel && version && !this.#known.has(version)) {
      try {
        await this.checkModel();
      } catch (error) {
        await response.body?.cancel();
        throw error;
      }
    }
    return accepted(response, how.start);
  }

  async #fetch(target, init) {
    try {
      return await fetch(this.#url + target, init);
    } catch (error) {
      const isOurs = error instanceof TypeError && !init.duplex; // A stream that is sent may have failed itself.
      throw isOurs ? new ConnectError(new URL(this.#url).origin, error) : error;
    }
  }

  /** Send a request and, where the API asks for it and the body can be sent again, once more after a while. */
  async #send(target, init, { timeout, isOnce = false }) {
    const { key, retries, longestWait } = this.#options;
    const headers = { ...init.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) };
    for (let attempt = 0; ; attempt++) {
      const signals = [init.signal, timeout && AbortSignal.timeout(timeout)].filter(Boolean);
      const response = await this.#fetch(target, { ...init, headers, signal: AbortSignal.any(signals) });
      const wait = millisecondsOf(response.headers.get("retry-after"), 500 * 2 ** attempt);
      const isLast = attempt >= retries || isOnce || wait > longestWait;
      if (!AGAIN.includes(response.status) || isLast) return response;
      await response.body?.cancel();
      await new Promise((done) => setTimeout(done, wait));
    }
  }
}

/** Return an answer that is none of an error; start is the number of the first record that was sent. */
async function accepted(response, start = 0) {
  if (response.ok) return response;
  let problem = {};
  try {
    problem = JSON.parse(await response.text()) ?? {};
  } catch {
    // It is from what stands before the API.
  }
  throw new ApiError(response.status, { ...problem, errors: moved(problem.errors ?? [], start) }, response.headers);
}

/** Let pointers into a batch be pointers into all records. */
function moved(faults, start) {
  const move = (pointer) => pointer.replace(/^\/(\d+)(?=\/|$)/, (_, row) => `/${Number(row) + start}`);
  return start ? faults.map((fault) => ({ ...fault, pointer: move(fault.pointer) })) : faults;
}

/** Read a header Retry-After: seconds, or a date. */
function millisecondsOf(retryAfter, otherwise) {
  if (/^\s*\d+\s*$/.test(retryAfter ?? "")) return Number(retryAfter) * 1000;
  const date = Date.parse(retryAfter ?? "");
  return Number.isNaN(date) ? otherwise : Math.max(0, date - Date.now());
}
