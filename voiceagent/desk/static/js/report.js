// The report of one call. In: the call's id in the path. Out: summary, recording tied to the
// transcript, verdicts to be marked right or wrong, packet, handoff, wrap-up, latency, export.

import { get, put, query, remove } from "./api.js";
import { emptyState, h, icon, troubleBox } from "./dom.js";
import { duration, fullTime, languageName } from "./format.js";
import { DISPOSITIONS, HANDOFF_OUTCOMES, HANDOFF_STATES, OUTCOMES, label, tone } from "./labels.js";
import { latencyView } from "./latency.js";
import { renderPacket } from "./packet.js";
import { Player } from "./player.js";
import { openShell } from "./shell.js";
import { setShortcuts } from "./shortcuts.js";
import { openStream } from "./stream.js";
import { attempt, tellError } from "./toast.js";
import { Transcript } from "./transcript.js";
import { VerdictTimeline } from "./verdicts.js";

const callId = decodeURIComponent(location.pathname.split("/").pop() ?? "");
const path = `/api/calls/${encodeURIComponent(callId)}`;
const place = /** @type {HTMLElement} */ (document.querySelector("#report"));

/** @param {any} report */
function draw(report) {
  const { call, summary, packet, verdict_marks: marks, wrap_up: wrapUp, notes } = report;
  const turns = report.transcript?.turns ?? [];
  const running = !call.ended_at && call.state !== "ended";
  const name = call.customer_name || "Unknown caller";
  document.title = `${name} · Report`;
  const player = report.has_recording && report.media_token ? makePlayer(report, turns) : null;
  const transcript = new Transcript({ live: false, caller: name, human: wrapUp?.by ?? "Colleague", onHear: player && ((turn) => player.playTurn(turn)) });
  for (const turn of turns) transcript.addTurn(turn);
  transcript.log.scrollTop = 0;
  const onCite = (/** @type {number} */ number) => {
    const turn = turns.find((/** @type {any} */ one) => one.number === number);
    transcript.show(number);
    if (turn) player?.to(turn.start_ms);
  };
  player?.addEventListener("turn", (event) => transcript.playing(/** @type {CustomEvent} */ (event).detail));
  setShortcuts(player?.shortcuts ?? []);
  const verdicts = new VerdictTimeline({ onCite, marks, marking });
  fillVerdicts(verdicts, summary?.verdicts ?? []);
  place.replaceChildren(
    head(call, name, running),
    h("section", { class: "panel overview", "aria-labelledby": "summary-title" },
      h("h2", { id: "summary-title", class: "visually-hidden" }, "Summary"), gist(call, summary, packet)),
    player ? player.element : h("p", { class: "panel no-recording muted" }, icon("listen"),
      report.has_recording ? "You may not hear this recording." : "No recording of this call was kept."),
    h("div", { class: "report-columns" },
      h("section", { class: "panel transcript-panel", "aria-labelledby": "transcript-title" },
        h("header", {}, h("h2", { id: "transcript-title" }, "Transcript"), player && h("span", { class: "muted" }, "click a time to hear it")),
        transcript.element),
      h("div", { class: "stack side" },
        fold("Verdicts of the supervisor", verdicts.element, true),
        fold("Packet", packet ? renderPacket(packet, { onCite }) : h("p", { class: "muted" }, "No packet was written: the call was not handed over."), true),
        fold("Handoff", handoff(summary?.handoff), true),
        fold("Wrap-up and notes", wrapUpView(wrapUp, notes ?? []), true),
        fold("Owed", owed(summary), true),
        fold("What the caller waited", latencyView(summary?.latency), true))),
  );
}

/** @param {any} call @param {string} name @param {boolean} running */
function head(call, name, running) {
  return h("div", { class: "page-head" },
    h("div", { class: "stack tight" },
      h("a", { href: "/calls", class: "muted" }, "Past calls"),
      h("div", { class: "row" }, h("h1", {}, name),
        running ? h("span", { class: "badge accent" }, "Still running")
          : h("span", { class: `badge ${tone(call.outcome)}` }, call.outcome ? label(OUTCOMES, call.outcome) : "Cut off"))),
    h("div", { class: "row" },
      running && h("a", { class: "button", href: `/board?call=${encodeURIComponent(call.id)}` }, icon("board"), "Open on the board"),
      h("a", { class: "button", href: `${path}/export`, download: `call-${call.id}.json` }, icon("export"), "Export")));
}

/** @param {any} call @param {any} summary @param {any} packet */
function gist(call, summary, packet) {
  const final = summary?.final;
  const told = final?.summary || final?.matter || packet?.summary || packet?.matter || summary?.reason || "";
  const facts = [
    ["Started", fullTime(call.started_at)],
    ["Duration", call.duration_ms === null ? "–" : duration(call.duration_ms)],
    ["Account", call.account_id || "–"],
    ["Number", call.phone || "–"],
    ["Language", languageName(call.language)],
    ["Playbook", call.playbook],
    ["Line", call.leg],
  ];
  return [
    h("p", { class: "told", lang: call.language }, told || "Nothing was summed up."),
    h("dl", { class: "facts" }, facts.map(([term, text]) => h("div", {}, h("dt", {}, term), h("dd", { class: "number" }, text)))),
  ];
}

/** @param {any} report @param {any[]} turns */
function makePlayer(report, turns) {
  let token = report.media_token;
  const player = new Player({
    turns,
    durationMs: report.call.duration_ms ?? turns.at(-1)?.end_ms ?? 0,
    marks: (report.summary?.verdicts ?? []).filter((/** @type {any} */ one) => one.action !== "continue")
      .map((/** @type {any} */ one) => ({ at_ms: one.at_ms, text: one.action, kind: one.action })),
    source: async () => {
      token ??= (await get(path)).media_token;
      const address = `${path}/recording${query({ token })}`;
      token = null; // the next one is asked for when this one has expired
      return address;
    },
  });
  get(`${path}/peaks${query({ token })}`).then((peaks) => player.draw(peaks)).catch(tellError);
  return player;
}

/** Marks hang on the event's number, which only the log has; without it they are read, not marked. @param {VerdictTimeline} timeline @param {any[]} told */
function fillVerdicts(timeline, told) {
  for (const one of told) timeline.add(one, one.at_ms, one.seq ?? null);
  if (told.every((one) => one.seq !== undefined)) return;
  const stream = openStream(`${path}/stream`, {
    snapshot: ({ events }) => {
      stream.close();
      const verdicts = events.filter((/** @type {any} */ event) => event.kind === "verdict_given");
      if (!verdicts.length) return;
      timeline.clear();
      for (const event of verdicts) timeline.apply(event);
    },
  });
}

/** @type {import("./verdicts.js").Marking} */
const marking = {
  set: (seq, right, note) => attempt(() => put(`${path}/verdicts/${seq}/mark`, { right, note })),
  unset: (seq) => attempt(() => remove(`${path}/verdicts/${seq}/mark`)),
};

/** @param {string} title @param {HTMLElement} content @param {boolean} open */
function fold(title, content, open) {
  return h("details", { class: "panel fold", open }, h("summary", {}, h("h2", {}, title), icon("down")), h("div", { class: "body" }, content));
}

/** @param {any} handoff */
function handoff(handoff) {
  if (!handoff?.path?.length) return h("p", { class: "muted" }, "The call was not handed over.");
  return h("div", { class: "stack" },
    h("p", { class: "row" }, h("strong", {}, label(HANDOFF_OUTCOMES, handoff.outcome)), handoff.human && h("span", { class: "badge human" }, handoff.human)),
    h("ol", { class: "steps" }, handoff.path.map((/** @type {string} */ state) => h("li", {}, label(HANDOFF_STATES, state)))));
}

/** @param {any} wrapUp @param {any[]} notes */
function wrapUpView(wrapUp, notes) {
  if (!wrapUp && !notes.length) return h("p", { class: "muted" }, "Nobody wrote anything.");
  return h("div", { class: "stack" },
    wrapUp && h("div", { class: "stack tight" },
      h("p", { class: "row" }, h("strong", {}, label(DISPOSITIONS, wrapUp.disposition)), h("span", { class: "muted" }, `${wrapUp.by}, ${fullTime(wrapUp.at)}`)),
      wrapUp.note && h("p", { class: "note" }, wrapUp.note),
      wrapUp.callback_due_at && h("p", { class: "row" }, icon("promise"), `Callback due ${fullTime(wrapUp.callback_due_at)}`)),
    notes.filter((note) => note.text && note.text !== wrapUp?.note).map((note) =>
      h("div", {}, h("p", { class: "muted" }, `${note.by}, ${fullTime(note.updated_at ?? note.at)}`), h("p", { class: "note" }, note.text))));
}

/** Callbacks and blocked numbers the call left behind. @param {any} summary */
function owed(summary) {
  const callbacks = summary?.callbacks ?? [];
  if (!callbacks.length && !summary?.do_not_call) return h("p", { class: "muted" }, "Nothing.");
  return h("ul", { class: "stack" },
    callbacks.map((/** @type {any} */ one) => h("li", { class: "row" }, icon("promise"), `Callback due ${fullTime(one.due_at)}: ${one.reason}`)),
    summary.do_not_call && h("li", { class: "row" }, icon("no-ask"), `${summary.do_not_call.phone} is not called again`));
}

const shell = await openShell("calls");
if (shell) {
  let report = null;
  try {
    report = await get(path);
  } catch (error) {
    const missing = /** @type {any} */ (error).status === 404;
    place.replaceChildren(missing
      ? emptyState("calls", "There is no such call", "It may have been deleted, or the address is not complete.", h("a", { class: "button", href: "/calls" }, "To all calls"))
      : h("div", { class: "stack" }, h("h1", {}, "Call report"), troubleBox(/** @type {any} */ (error))));
  }
  if (report) draw(report);
}
