// Server-sent events with an honest state. In: a URL and a handler per event name. Out: handler
// calls, and the state "connecting", "live", "lost", "signed_out" or "closed".
//
// The browser's own retry is not used: it never comes back after an HTTP error and says nothing
// meanwhile. Pings are comments, which EventSource hides, so a silent stream is checked against
// /healthz. Every reconnect begins with a snapshot, so nothing is resumed.

import { get } from "./api.js";

const BACKOFF_MS = [500, 1000, 2000, 4000, 8000];
const SILENCE_MS = 20_000;
const PROBE_DEADLINE_MS = 5_000;

/**
 * @typedef {"connecting" | "live" | "lost" | "signed_out" | "closed"} StreamState
 * @param {string} url
 * @param {Record<string, (data: any) => void>} handlers by event name
 * @param {(state: StreamState) => void} [onState]
 * @param {{session?: boolean}} [options] session: false where no sign-in is involved
 * @returns {{close: () => void}}
 */
export function openStream(url, handlers, onState = () => {}, { session = true } = {}) {
  /** @type {EventSource | null} */
  let source = null;
  /** @type {StreamState} */
  let state = "connecting";
  let attempt = 0;
  let retry = 0;
  let heardAt = 0;

  const over = () => state === "closed" || state === "signed_out";

  /** @param {StreamState} next */
  function become(next) {
    if (over() || next === state) return;
    state = next;
    onState(next);
  }

  function connect() {
    clearTimeout(retry);
    retry = 0;
    if (over()) return;
    source?.close();
    source = new EventSource(url);
    source.onerror = lose;
    for (const [name, handler] of Object.entries(handlers)) {
      source.addEventListener(name, (message) => {
        heardAt = performance.now();
        attempt = 0;
        become("live");
        if (!over()) handler(JSON.parse(message.data));
      });
    }
  }

  async function lose() {
    source?.close();
    source = null;
    if (over() || retry) return;
    become("lost");
    const wait = BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length - 1)];
    attempt += 1;
    retry = window.setTimeout(connect, wait * (0.8 + Math.random() * 0.4));
    if (!session) return;
    try {
      await get("/api/session");
    } catch (error) {
      if (/** @type {any} */ (error).status !== 401) return;
      become("signed_out");
      stop();
      window.dispatchEvent(new Event("signed-out"));
    }
  }

  async function probe() {
    if (over() || !source || performance.now() - heardAt < SILENCE_MS) return;
    try {
      await fetch("/healthz", { signal: AbortSignal.timeout(PROBE_DEADLINE_MS), cache: "no-store" });
      heardAt = performance.now();
    } catch {
      lose();
    }
  }

  const retryNow = () => {
    if (retry && document.visibilityState === "visible") connect();
  };
  const probing = window.setInterval(probe, SILENCE_MS / 2);
  window.addEventListener("online", retryNow);
  window.addEventListener("offline", lose);
  document.addEventListener("visibilitychange", retryNow);

  function stop() {
    source?.close();
    source = null;
    clearTimeout(retry);
    clearInterval(probing);
    window.removeEventListener("online", retryNow);
    window.removeEventListener("offline", lose);
    document.removeEventListener("visibilitychange", retryNow);
  }

  onState("connecting");
  connect();
  return {
    close() {
      become("closed");
      stop();
    },
  };
}
