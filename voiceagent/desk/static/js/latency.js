// How long the caller waited for an answer. In: summary.json's "latency". Out: a table with bars,
// or a plain word where nothing was measured.

import { h, svg } from "./dom.js";
import { duration } from "./format.js";

/** Beyond this a wait is felt as one. */
const LONG_MS = 1_500;

/** @param {any} latency @returns {HTMLElement} */
export function latencyView(latency) {
  /** @type {{caller_end_ms: number, agent_start_ms: number, voice_to_voice_ms: number}[]} */
  const turns = latency?.turns ?? [];
  const waits = turns.map((turn) => turn.voice_to_voice_ms);
  if (!waits.length) return h("p", { class: "muted" }, "Nothing was measured: it takes a recording with both sides on it.");
  const most = Math.max(...waits, LONG_MS);
  return h(
    "div",
    { class: "stack" },
    h("dl", { class: "figures" },
      figure("Median", latency.p50), figure("95th percentile", latency.p95), figure("Longest", Math.max(...waits))),
    h("p", { class: "muted" }, "From the last sound of the caller to the first of the assistant, on the recording."),
    h("table", { class: "latency-table" },
      h("caption", { class: "visually-hidden" }, "Each wait of the caller"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "At"), h("th", { scope: "col" }, "Wait"), h("th", { scope: "col" }, h("span", { class: "visually-hidden" }, "Bar")))),
      h("tbody", {}, turns.map(({ caller_end_ms: at, voice_to_voice_ms: ms }) => h("tr", {},
        h("td", { class: "number" }, duration(at)),
        h("td", { class: "number" }, `${Math.round(ms)} ms`),
        h("td", { class: "bar-cell" }, svg("svg", { class: `bar${ms > LONG_MS ? " long" : ""}`, viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
          svg("rect", { width: (ms / most) * 100, height: 8, rx: 1 }))))))),
  );
}

/** @param {string} name @param {number} ms */
function figure(name, ms) {
  return h("div", {}, h("dt", {}, name), h("dd", { class: "number" }, ms === undefined || ms === null ? "–" : `${Math.round(ms)} ms`));
}
