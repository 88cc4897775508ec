// What a client throws; besides, what fetch does if an API cannot be reached.

const MOST = 5; // Faults that are written into the message; `errors` has them all.

const REMEDIES = {
  401: "give a key: new Client(url, { key })",
  404: "give the address of the API without /predict",
};

export class ConnectError extends Error {
  constructor(url, cause) {
    const reason = cause.cause?.code ?? cause.message;
    super(`${url} cannot be reached (${reason}): start the server, or give another address`, { cause });
    this.name = "ConnectError";
  }
}

export class ApiError extends Error {
  constructor(status, problem, headers) {
    const { title = "", detail = title, errors = [] } = problem;
    const said = errors.slice(0, MOST).map((fault) => `${fault.pointer} ${fault.detail}`.trim());
    if (errors.length > MOST) said.push(`and ${errors.length - MOST} more`);
    if (status in REMEDIES) said.push(REMEDIES[status]);
    super([`${status}: ${detail}`, ...said].join("; "));
    Object.assign(this, { name: "ApiError", status, title, detail, errors, headers });
    this.requestId = headers.get("x-request-id") ?? "";
    this.modelVersion = headers.get("x-model-version") ?? "";
  }
}

export class ModelDiffers extends Error {
  constructor(madeFor, version, differences) {
    super(
      `this client was made for version ${madeFor} of the model, and the API has ${version}: ` +
        `${differences.join("; ")} (make the client anew with "make client" in the project of the API)`,
    );
    Object.assign(this, { name: "ModelDiffers", differences });
  }
}
