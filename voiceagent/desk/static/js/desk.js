// The agent's desk. In: DeskState from the stream and from every request's answer. Out: one of four
// views (idle, ringing, call, wrap-up), the ring, and what is read out.

import { post, put } from "./api.js";
import { CallFeed } from "./call-feed.js";
import { CallView } from "./desk-call.js";
import { DeskLine } from "./desk-line.js";
import { RingView } from "./desk-ring.js";
import { IdleView, StatusBar } from "./desk-status.js";
import { WrapUpView } from "./desk-wrapup.js";
import { NotePad } from "./notes.js";
import { Ring, allowNotifications } from "./ring.js";
import { openShell, showConnection } from "./shell.js";
import { setShortcuts } from "./shortcuts.js";
import { openStream } from "./stream.js";
import { attempt, toast } from "./toast.js";

const shell = await openShell("desk");
if (shell) runDesk(shell.user, shell.settings);

/** The four views: what a state is shown as, and for which call. @param {any} state @returns {[string, string]} */
function viewOf(state) {
  if (state.offer) return ["ring", state.offer.id];
  if (state.call && state.call.stage !== "ended") return ["call", state.call.call_id];
  if (state.wrap_up) return ["wrap_up", state.wrap_up.call_id];
  return state.call ? ["call", state.call.call_id] : ["idle", ""];
}

/** @param {import("./shell.js").User} user @param {import("./shell.js").Settings} settings */
function runDesk(user, settings) {
  const stage = /** @type {HTMLElement} */ (document.querySelector("#stage"));
  const announcer = /** @type {HTMLElement} */ (document.querySelector("#announcer"));
  const line = new DeskLine(settings, /** @type {HTMLAudioElement} */ (document.querySelector("#far-end")));
  const ring = new Ring();
  const bar = new StatusBar(line, choose);
  /** @type {any} */
  let view = null;
  let shown = "";
  /** @type {CallFeed | null} */
  let feed = null;
  /** @type {NotePad | null} */
  let notes = null;
  let streamed = 0;
  let first = true;

  document.querySelector("#status")?.replaceChildren(bar.element);
  window.addEventListener("signing-out", () => line.close());
  window.addEventListener("beforeunload", (event) => {
    // Leaving the page hangs the agent's line up: the browser asks first.
    if (shown.startsWith("call:") && view.call.stage !== "ended") event.preventDefault();
  });
  openStream("/api/desk/events", { snapshot: render, state: render }, showConnection);

  /** @param {any} state from the stream */
  function render(state) {
    streamed += 1;
    show(state);
    if (first ? state.availability !== "offline" || state.offer || state.call : state.offer) line.reopen();
    first = false;
  }

  /** @param {any} state */
  function show(state) {
    bar.update(state);
    const [kind, id] = viewOf(state);
    if (`${kind}:${id}` !== shown) {
      shown = `${kind}:${id}`;
      change(kind, state);
    }
    if (kind === "ring") feed?.usePacket(state.offer.packet);
    if (kind === "call") {
      feed?.usePacket(state.call.packet);
      view.update(state.call);
    }
    if (kind === "wrap_up") {
      feed?.usePacket(state.wrap_up.packet);
      view.update(state.wrap_up);
    }
    if (kind === "idle") view.update(state);
    if (state.notice) toast(state.notice.text);
  }

  /** @param {string} kind @param {any} state */
  function change(kind, state) {
    view?.close();
    ring.stop();
    announcer.textContent = "";
    const subject = kind === "ring" ? state.offer : kind === "call" ? state.call : kind === "wrap_up" ? state.wrap_up : null;
    document.title = subject ? `${subject.customer_name} · Desk` : "Desk";
    attend(subject);
    if (kind === "ring") {
      view = new RingView(subject, /** @type {CallFeed} */ (feed), {
        accept: () => answer("accept", {}), decline: () => answer("decline", { reason: "" }),
      });
      announcer.textContent = view.announcement;
      ring.start({ name: subject.customer_name, matter: subject.matter });
      setShortcuts([
        { key: "A", name: "Accept the call", run: () => view.accept.click() },
        { key: "D", name: "Decline the call", run: () => view.decline.click() },
      ]);
    } else if (kind === "call") {
      view = new CallView(subject, { feed: /** @type {CallFeed} */ (feed), notes: pad(subject.call_id), line, act });
      setShortcuts(view.shortcuts);
    } else if (kind === "wrap_up") {
      const path = `/api/desk/calls/${encodeURIComponent(subject.call_id)}/wrap-up`;
      view = new WrapUpView(subject, { feed: /** @type {CallFeed} */ (feed), notes: pad(subject.call_id), send: (body) => act(path, body) });
      setShortcuts([]);
    } else {
      view = new IdleView(line, choose);
      setShortcuts([{ key: "P", name: "Pause, or be available again", run: () => choose(state.availability === "available" ? "paused" : "available") }]);
    }
    const lostFocus = stage.contains(document.activeElement);
    stage.replaceChildren(view.element);
    feed?.transcript.toEnd();
    if (lostFocus) /** @type {HTMLElement | null} */ (stage.querySelector("h2[tabindex]"))?.focus();
  }

  /** One feed for the call from the ring to the wrap-up. @param {any} subject */
  function attend(subject) {
    if (feed && feed.callId === subject?.call_id) return;
    feed?.close();
    notes?.close();
    feed = subject ? new CallFeed(subject.call_id, { caller: subject.customer_name, human: user.name, packet: subject.packet }) : null;
    notes = null;
  }

  /** @param {string} callId @returns {NotePad} */
  function pad(callId) {
    notes ??= new NotePad(callId, user);
    return notes;
  }

  /** @param {string} availability */
  async function choose(availability) {
    allowNotifications();
    if (availability === "available" && !(await line.open())) {
      if (line.trouble) toast(line.trouble.problem, { more: line.trouble.remedy, bad: true });
      return;
    }
    await update(() => put("/api/desk/availability", { availability }));
    if (availability === "offline") await line.close();
  }

  /** @param {string} verb @param {any} body */
  async function answer(verb, body) {
    const answered = view;
    answered.busy(true);
    const id = shown.slice("ring:".length);
    if (!(await act(`/api/desk/offers/${encodeURIComponent(id)}/${verb}`, body)) && answered === view) answered.busy(false);
  }

  /** @param {string} path @param {any} body */
  function act(path, body) {
    return update(() => post(path, body));
  }

  /** The answer is the state, unless the stream has told a newer one. @param {() => Promise<any>} request */
  function update(request) {
    const before = streamed;
    return attempt(async () => {
      const state = await request();
      if (streamed === before && state) show(state);
    });
  }
}
