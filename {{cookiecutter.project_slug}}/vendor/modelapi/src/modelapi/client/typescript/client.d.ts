// The types that are the same for every model.

export interface ClientOptions {
  /** A key, where the API asks for one. */
  key?: string;
  /** Milliseconds for an answer in JSON; tables take as long as they take. Default: 30,000. */
  timeout?: number;
  /** How often a request is sent again that is answered 429 or 503, after as long as the API says. Default: 3. */
  retries?: number;
  /** Milliseconds; if the API says more, the request is not sent again. Default: 60,000. */
  longestWait?: number;
  /** Records and bytes of a request: more records are sent in several, and what is answered is joined. */
  maxRows?: number;
  maxBodyBytes?: number;
  /** Whether to throw ModelDiffers for an API with another model. Default: true. */
  checkModel?: boolean;
}

export interface RequestOptions {
  signal?: AbortSignal;
}

/** A table in CSV, or its parts; a string is the table and no path. A string, a Blob and bytes, as a Buffer, can be sent again where the API asks for it. */
export type Source = string | Blob | Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/** A table in CSV that is answered, as it comes. */
export interface Table {
  body: ReadableStream<Uint8Array>;
  modelVersion: string;
}
