// What a client throws.

/** What is wrong, or strange, with a value: a JSON pointer to it, and a sentence. */
export interface Fault {
  pointer: string;
  detail: string;
}

/** An API that cannot be reached; `cause` is what fetch threw. */
export declare class ConnectError extends Error {}

/** A request that the API refused, as its problem (RFC 9457) says. */
export declare class ApiError extends Error {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly errors: Fault[];
  readonly headers: Headers;
  /** The id under which the log of the API has the request. */
  readonly requestId: string;
  readonly modelVersion: string;
}

/** The API has another model than the client's: `differences` names each feature that differs, in a sentence. */
export declare class ModelDiffers extends Error {
  readonly differences: string[];
}
