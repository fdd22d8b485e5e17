// The supervisors' board: every call in progress and who is there for them. In: the board's stream.
// Out: counts, a table of calls, the humans, and one call opened beside them (its id in the URL).

import { CallPanel } from "./board-panel.js";
import { emptyState, h } from "./dom.js";
import { duration, languageName } from "./format.js";
import { ACTIONS, AVAILABILITY, CALL_STATES, TRIGGERS, label, tone } from "./labels.js";
import { moodLine } from "./mood.js";
import { unique } from "./packet.js";
import { openShell, showConnection } from "./shell.js";
import { setShortcuts } from "./shortcuts.js";
import { openStream } from "./stream.js";

const COUNTS = [["live", "Live"], ["on_hold", "On hold"], ["bridged", "With a person"], ["handed_over_today", "Handed over today"], ["ended_today", "Ended today"]];
/** @type {Record<string, string>} */
const SPEAKERS = { caller: "Caller", agent: "Assistant", human: "Colleague" };

const shell = await openShell("board");
if (shell) runBoard(shell.settings);

/** @param {import("./shell.js").Settings} settings */
function runBoard(settings) {
  const place = /** @type {HTMLElement} */ (document.querySelector("#board"));
  const panelPlace = /** @type {HTMLElement} */ (document.querySelector("#panel"));
  const counts = /** @type {HTMLElement} */ (document.querySelector("#counts"));
  const numbers = new Map(COUNTS.map(([key]) => [key, h("dd", { class: "number" }, "–")]));
  counts.replaceChildren(...COUNTS.map(([key, name]) => h("div", {}, h("dt", {}, name), numbers.get(key))));
  const body = h("tbody", {});
  const table = h("table", { class: "board-table" },
    h("caption", { class: "visually-hidden" }, "Calls in progress; open one for its transcript and what can be done"),
    h("thead", {}, h("tr", {}, ["Caller", "State", "Time", "Mood", "Last verdict", "Last words"].map((name) => h("th", { scope: "col" }, name)))),
    body);
  const nobody = emptyState("board", "Nothing is live", "A call appears here as soon as it is dialled.");
  const humans = h("ul", { class: "humans" });
  const sections = [
    h("section", { class: "panel", "aria-label": "Calls" }, table, nobody),
    h("section", { class: "panel", "aria-labelledby": "humans-title" },
      h("header", {}, h("h2", { id: "humans-title" }, "Colleagues")), humans),
  ];
  /** @type {Map<string, {row: HTMLElement, told: string, started: string, time: HTMLElement}>} */
  const rows = new Map();
  /** @type {CallPanel | null} */
  let panel = null;
  /** @type {any} */
  let last = { calls: [] };

  openStream("/api/board/events", { snapshot: update, state: update }, showConnection);
  setInterval(() => {
    for (const { time, started } of rows.values()) time.textContent = duration(Date.now() - new Date(started).getTime());
  }, 1000);
  window.addEventListener("popstate", openFromUrl);

  /** @param {any} board */
  function update(board) {
    const begun = last.counts !== undefined;
    last = board;
    for (const [key, element] of numbers) element.textContent = String(board.counts[key]);
    table.hidden = board.calls.length === 0;
    nobody.hidden = board.calls.length > 0;
    drawCalls(board.calls);
    humans.replaceChildren(...(board.humans.length ? board.humans.map((/** @type {any} */ one) => human(one, board.calls))
      : [h("li", { class: "muted" }, "Nobody is signed in at a desk.")]));
    if (!begun) {
      place.replaceChildren(...sections);
      openFromUrl();
    }
    const opened = panel && board.calls.find((/** @type {any} */ call) => call.call_id === panel?.callId);
    if (opened) panel?.update(opened);
  }

  /** Rows are kept, so that neither focus nor the reader's place is lost. @param {any[]} calls */
  function drawCalls(calls) {
    const ids = new Set(calls.map((call) => call.call_id));
    for (const [id, { row }] of rows) {
      if (!ids.has(id)) {
        row.remove();
        rows.delete(id);
      }
    }
    for (const [index, call] of calls.entries()) {
      const told = JSON.stringify(call);
      let known = rows.get(call.call_id);
      if (!known) {
        known = { row: h("tr", {}), told: "", started: "", time: h("time", {}) };
        rows.set(call.call_id, known);
      }
      known.started = call.answered_at ?? call.started_at;
      if (known.told !== told) {
        known.told = told;
        fillRow(known.row, known.time, call);
      }
      if (body.children[index] !== known.row) body.insertBefore(known.row, body.children[index] ?? null);
      known.row.classList.toggle("opened", call.call_id === panel?.callId);
    }
  }

  /** @param {HTMLElement} row @param {HTMLElement} time @param {any} call */
  function fillRow(row, time, call) {
    time.textContent = duration(Date.now() - new Date(call.answered_at ?? call.started_at).getTime());
    const verdict = call.last_verdict;
    const link = row.querySelector("a") ?? h("a", {
      href: `/board?call=${encodeURIComponent(call.call_id)}`,
      on: { click: (/** @type {MouseEvent} */ event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        open(call.call_id);
      } },
    });
    link.textContent = call.customer_name || "Unknown caller";
    const focused = document.activeElement === link;
    row.replaceChildren(
      h("td", { class: "who" }, link, h("div", { class: "muted" }, languageName(call.language))),
      h("td", {}, h("span", { class: `badge ${tone(call.state)}` }, label(CALL_STATES, call.state)),
        call.human && h("div", { class: "muted" }, `with ${call.human}`)),
      h("td", { class: "number" }, time),
      h("td", {}, call.mood.length ? moodLine(call.mood, { spark: true }) : h("span", { class: "muted" }, "–")),
      h("td", { class: "verdict-cell" }, verdict
        ? [h("span", { class: `badge ${tone(verdict.action)}` }, label(ACTIONS, verdict.action)),
          h("div", { class: "muted" }, unique(verdict.triggers).map((kind) => label(TRIGGERS, kind)).join(", "))]
        : h("span", { class: "muted" }, "None yet")),
      h("td", { class: "words" }, call.last_words
        ? h("p", { lang: call.language }, h("span", { class: "muted" }, `${SPEAKERS[call.last_words.speaker] ?? ""}: `), call.last_words.text)
        : h("span", { class: "muted" }, "–")));
    if (focused) link.focus();
  }

  /** @param {any} one @param {any[]} calls */
  function human(one, calls) {
    const call = calls.find((candidate) => candidate.call_id === one.call_id);
    const state = one.engaged ? "Talking" : label(AVAILABILITY, one.availability);
    const dot = one.engaged ? "warn" : one.availability === "available" ? "good" : "";
    return h("li", {}, h("span", { class: `dot ${dot}` }), h("strong", {}, one.name),
      h("span", { class: "muted" }, call ? `${state} with ${call.customer_name}` : state));
  }

  function openFromUrl() {
    show(new URLSearchParams(location.search).get("call"));
  }

  /** @param {string | null} callId */
  function open(callId) {
    if (callId === (panel?.callId ?? null)) return;
    history.pushState(null, "", callId ? `/board?call=${encodeURIComponent(callId)}` : "/board");
    show(callId);
  }

  /** @param {string | null} callId */
  function show(callId) {
    if (callId === (panel?.callId ?? null)) return;
    const before = panel?.callId;
    panel?.close();
    panel = null;
    panelPlace.hidden = !callId;
    document.body.classList.toggle("panel-open", Boolean(callId));
    if (callId) {
      panel = new CallPanel(callId, { settings, onClose: () => open(null) });
      panelPlace.replaceChildren(panel.element);
      const call = last.calls.find((/** @type {any} */ one) => one.call_id === callId);
      if (call) panel.update(call);
      panel.focus();
    } else if (before) {
      /** @type {HTMLElement | null} */ (rows.get(before)?.row.querySelector("a"))?.focus();
    }
    for (const [id, { row }] of rows) row.classList.toggle("opened", id === callId);
    setShortcuts(panel ? [
      { key: "L", name: "Listen in, or stop listening", run: () => panel?.listenButton.click() },
      { key: "Escape", name: "Close the opened call", run: () => open(null) },
    ] : []);
  }
}
