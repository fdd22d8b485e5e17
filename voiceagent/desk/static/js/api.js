// Requests to the server. In: method, path, JSON body. Out: the answer's JSON, or an ApiError.
//
// Keeps the session's CSRF token and sends it with every unsafe request. A 401 on anything but
// signing in means that the session is gone: the window gets a "signed-out" event.

const DEADLINE_MS = 15_000;
let csrf = "";

/** A request that failed: a problem and a remedy, both plain sentences. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 where no answer came
   * @param {{code?: string, problem?: string, remedy?: string}} told
   * @param {number | null} [retryAfterS]
   */
  constructor(status, told, retryAfterS = null) {
    super(told.problem ?? "The request failed.");
    this.name = "ApiError";
    this.status = status;
    this.code = told.code ?? `http_${status}`;
    this.problem = this.message;
    this.remedy = told.remedy ?? "Try again; if it stays so, tell whoever runs this server.";
    this.retryAfterS = retryAfterS;
  }
}

/** @param {string} token of `GET /api/session` */
export function useCsrf(token) {
  csrf = token;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {any} [body] sent as JSON
 * @param {{keepalive?: boolean, deadlineMs?: number, again?: boolean}} [options]
 * @returns {Promise<any>} null for an answer without content
 * @throws {ApiError}
 */
export async function request(method, path, body, options = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrf) headers["X-CSRF-Token"] = csrf;
  let response;
  let told = null;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      keepalive: options.keepalive ?? false,
      signal: AbortSignal.timeout(options.deadlineMs ?? DEADLINE_MS),
    });
    const type = response.headers.get("Content-Type") ?? "";
    if (type.includes("json")) told = await response.json();
  } catch (error) {
    throw unreachable(error);
  }
  if (response.ok) return told;
  // Signed in anew in another window: the session has another token now. Once, never in a circle.
  if (response.status === 403 && method !== "GET" && csrf && !options.again && (await tokenChanged())) {
    return request(method, path, body, { ...options, again: true });
  }
  if (response.status === 401 && path !== "/api/session") {
    window.dispatchEvent(new Event("signed-out"));
  }
  throw new ApiError(response.status, told ?? {}, Number(response.headers.get("Retry-After")) || null);
}

/** @param {string} path */
export const get = (path) => request("GET", path);
/** @param {string} path @param {any} [body] @param {{keepalive?: boolean, deadlineMs?: number}} [options] */
export const post = (path, body = {}, options) => request("POST", path, body, options);
/** @param {string} path @param {any} body @param {{keepalive?: boolean}} [options] */
export const put = (path, body, options) => request("PUT", path, body, options);
/** @param {string} path */
export const remove = (path) => request("DELETE", path);

/** A query string of the values that are set. @param {Record<string, string | number | null | undefined>} values */
export function query(values) {
  const set = Object.entries(values).filter(([, value]) => value !== "" && value != null);
  return set.length ? `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}` : "";
}

/** Whether the session has another CSRF token by now; it is used from here on. */
async function tokenChanged() {
  const before = csrf;
  try {
    csrf = (await get("/api/session")).csrf;
  } catch {
    return false;
  }
  return csrf !== before;
}

/** @param {unknown} error */
function unreachable(error) {
  const late = error instanceof DOMException && error.name === "TimeoutError";
  return new ApiError(0, {
    code: late ? "no_answer_in_time" : "unreachable",
    problem: late ? "The server did not answer in time." : "The server cannot be reached.",
    remedy: "Check your network connection and try again.",
  });
}
