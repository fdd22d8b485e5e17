// One call opened on the board. In: its id, and its row whenever the board changes. Out: transcript,
// verdicts and packet as they happen; listening in, a hint to the assistant, taking over, ending.

import { post, remove } from "./api.js";
import { CallFeed } from "./call-feed.js";
import { button, h } from "./dom.js";
import { confirmDialog } from "./dialog.js";
import { CALL_STATES, OUTCOMES, label, tone } from "./labels.js";
import { Line } from "./media.js";
import { openMicrophone, stopMicrophone } from "./microphone.js";
import { attempt, tellError, toast } from "./toast.js";

export class CallPanel {
  /** @param {string} callId @param {{settings: import("./shell.js").Settings, onClose: () => void}} options */
  constructor(callId, { settings, onClose }) {
    this.callId = callId;
    this.settings = settings;
    this.path = `/api/calls/${encodeURIComponent(callId)}`;
    this.audio = /** @type {HTMLAudioElement} */ (document.querySelector("#far-end"));
    this.feed = new CallFeed(callId);
    this.over = false;
    /** @type {Line | null} */
    this.listening = null;
    this.title = h("h2", { tabindex: -1, class: "caller-name" }, "Call");
    this.state = h("span", { class: "badge", role: "status" });
    this.listenButton = button("Listen in", { icon: "listen", key: "L", "aria-pressed": "false", onClick: () => this.toggleListening() });
    this.takeButton = button("Take over", { icon: "phone", onClick: () => this.takeOver() });
    this.endButton = button("End", { icon: "phone-down", kind: "bad", onClick: () => this.end() });
    this.hint = h("input", { type: "text", id: "hint", maxlength: 300, required: true, placeholder: "e.g. Offer a credit of $10.00" });
    this.hintForm = h("form", { class: "hint", on: { submit: (/** @type {Event} */ event) => this.#sendHint(event) } },
      h("div", { class: "field" }, h("label", { for: "hint" }, "Whisper to the assistant"), this.hint,
        h("span", { class: "help" }, "It gets this before its next answer; the caller never hears it word for word.")),
      h("button", { class: "button" }, "Whisper"));
    this.report = h("a", { class: "button", href: `/calls/${encodeURIComponent(callId)}`, hidden: true }, "Open the report");
    this.tabs = this.#tabs([
      ["Transcript", this.feed.transcript.element],
      ["Verdicts", h("div", { class: "body" }, this.feed.verdicts.element)],
      ["Packet", h("div", { class: "body" }, this.feed.packetElement)],
    ]);
    this.element = h("div", { class: "call-panel-inside" },
      h("header", {},
        h("div", { class: "stack tight" }, this.title, h("div", { class: "row" }, this.state)),
        button("Close", { icon: "close", iconOnly: true, kind: "quiet", onClick: onClose })),
      h("div", { class: "panel-deeds" }, h("div", { class: "row" }, this.listenButton, this.takeButton, this.endButton, this.report), this.hintForm),
      this.tabs);
    this.feed.addEventListener("end", () => this.#ended());
    this.feed.addEventListener("call", () => {
      if (this.feed.call) this.title.textContent = this.feed.call.customer_name || "Unknown caller";
    });
    this.feed.onCite = (turn) => this.#cite(turn);
    this.feed.verdicts.onCite = this.feed.onCite;
  }

  focus() {
    this.title.focus();
  }

  /** @param {any} call a LiveCall of the board */
  update(call) {
    if (this.over) return;
    this.title.textContent = call.customer_name || "Unknown caller";
    this.state.textContent = label(CALL_STATES, call.state) + (call.human ? `: ${call.human}` : "");
    this.state.className = `badge ${tone(call.state)}`;
    this.hint.disabled = call.state === "bridged";
    this.takeButton.disabled = call.state === "bridged";
  }

  close() {
    this.#stopListening();
    this.feed.close();
  }

  async toggleListening() {
    if (this.listening) {
      this.#stopListening();
      return;
    }
    const line = new Line({ iceServers: this.settings.ice_servers, audio: this.audio, reopens: false,
      send: (offer) => post(`${this.path}/listen`, offer) });
    this.listening = line;
    line.addEventListener("state", () => {
      if (line.state === "lost" && this.listening === line) {
        this.#stopListening();
        if (!this.over) toast("You no longer hear the call.", { more: "Press Listen in to hear it again.", bad: true });
      }
    });
    this.#showListening();
    if (!(await attempt(() => line.open(null))) && this.listening === line) this.#stopListening();
  }

  async takeOver() {
    const sure = await confirmDialog({
      title: "Take this call over?",
      text: "Your own desk rings. As soon as you accept, you talk to the caller and the assistant falls silent.",
      yes: "Ring my desk", no: "Not now",
    });
    if (!sure) return;
    // The server rings an open line only: where the desk is not open, this page opens one, and the
    // desk takes it over when it has loaded.
    const takeOver = () => post(`${this.path}/take-over`);
    const line = new Line({ iceServers: this.settings.ice_servers, audio: this.audio, reopens: false,
      send: (offer) => post("/api/desk/media", offer) });
    /** @type {MediaStream | null} */
    let microphone = null;
    try {
      try {
        await takeOver();
      } catch (error) {
        if (/** @type {any} */ (error).code !== "no_media") throw error;
        microphone = await openMicrophone();
        await line.open(microphone);
        await lineUp(line);
        await takeOver();
      }
      location.assign("/desk");
    } catch (error) {
      line.close();
      stopMicrophone(microphone);
      tellError(error);
    }
  }

  async end() {
    const sure = await confirmDialog({
      title: "End this call?", text: "The assistant says goodbye and hangs up.",
      yes: "End the call", no: "Let it go on", bad: true,
    });
    if (sure && (await attempt(() => post(`${this.path}/end`)))) toast("The assistant is saying goodbye.");
  }

  /** @param {Event} event */
  async #sendHint(event) {
    event.preventDefault();
    const text = this.hint.value.trim();
    if (!text || !(await attempt(() => post(`${this.path}/hint`, { text })))) return;
    this.hint.value = "";
    toast("Whispered to the assistant.");
  }

  #ended() {
    this.over = true;
    this.#stopListening();
    this.state.textContent = this.feed.outcome ? `Ended: ${label(OUTCOMES, this.feed.outcome)}` : "Ended";
    this.state.className = "badge";
    for (const element of [this.listenButton, this.takeButton, this.endButton, this.hintForm]) element.hidden = true;
    this.report.hidden = false;
  }

  #stopListening() {
    const line = this.listening;
    this.listening = null;
    if (line?.answer) remove(`${this.path}/listen/${encodeURIComponent(line.answer.listen_id)}`).catch(() => {});
    line?.close();
    this.#showListening();
  }

  #showListening() {
    const on = this.listening !== null;
    this.listenButton.setAttribute("aria-pressed", String(on));
    /** @type {HTMLElement} */ (this.listenButton.querySelector("span")).textContent = on ? "Stop listening" : "Listen in";
  }

  /** @param {number} turn */
  #cite(turn) {
    /** @type {HTMLElement} */ (this.tabs.querySelector('[role="tab"]')).click();
    this.feed.transcript.show(turn);
  }

  /** Tabs by the ARIA pattern: arrows move, the chosen one is in the tab order. @param {[string, HTMLElement][]} pages */
  #tabs(pages) {
    const tabs = pages.map(([name], index) => h("button", {
      type: "button", role: "tab", id: `tab-${index}`, "aria-controls": `tab-page-${index}`, class: "tab",
      on: {
        click: () => choose(index),
        keydown: (/** @type {KeyboardEvent} */ event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (!step) return;
          const next = (index + step + tabs.length) % tabs.length;
          choose(next);
          tabs[next].focus();
        },
      },
    }, name));
    const sheets = pages.map(([, content], index) => h("div", {
      role: "tabpanel", id: `tab-page-${index}`, "aria-labelledby": `tab-${index}`, class: "tab-page", tabindex: index === 0 ? null : 0 }, content));
    const choose = (/** @type {number} */ chosen) => {
      for (const [index, tab] of tabs.entries()) {
        tab.setAttribute("aria-selected", String(index === chosen));
        tab.tabIndex = index === chosen ? 0 : -1;
        sheets[index].hidden = index !== chosen;
      }
    };
    choose(0);
    return h("div", { class: "tabs" }, h("div", { role: "tablist", "aria-label": "About this call", class: "tab-list" }, tabs), sheets);
  }
}

/** Waits until the line carries sound, at most ten seconds. @param {Line} line @returns {Promise<void>} */
function lineUp(line) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject({ problem: "Your line did not open in time.", remedy: "Check your network and try again." }), 10_000);
    const look = () => {
      if (line.state !== "up") return;
      clearTimeout(timer);
      resolve();
    };
    line.addEventListener("state", look);
    look();
  });
}
