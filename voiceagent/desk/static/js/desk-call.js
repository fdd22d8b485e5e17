// The agent's call: the bar with what can be done, packet, transcript, notes. In: the DeskCall, the
// feed, the line and the requests. Out: an element that follows the state.

import { button, h, icon } from "./dom.js";
import { askText, confirmDialog } from "./dialog.js";
import { duration } from "./format.js";
import { STAGES, label } from "./labels.js";

/** @type {Record<string, [string, string]>} */
const MEDIA = { none: ["bad", "No sound"], connecting: ["warn", "Sound connecting"], up: ["good", "Sound is up"], lost: ["bad", "Sound lost"] };
const SUGGESTIONS = ["Tell the caller what was agreed and say goodbye.", "Book a callback for tomorrow.", "Take the new address down."];

export class CallView {
  /**
   * @param {any} call
   * @param {{feed: import("./call-feed.js").CallFeed, notes: import("./notes.js").NotePad, line: import("./desk-line.js").DeskLine, act: (path: string, body: any) => Promise<boolean>}} parts
   */
  constructor(call, { feed, notes, line, act }) {
    this.call = call;
    this.line = line;
    this.act = act;
    this.path = `/api/desk/calls/${encodeURIComponent(call.call_id)}`;
    this.time = h("span", { class: "time number", role: "timer", "aria-label": "Duration" });
    this.stage = h("span", { class: "badge accent", role: "status" });
    this.sound = h("span", { class: "row muted" });
    this.muteButton = button("Mute", { icon: "mic", key: "M", "aria-pressed": "false", onClick: () => this.toggleMute() });
    this.holdButton = button("Hold", { icon: "hold", key: "H", "aria-pressed": "false", onClick: () => this.toggleHold() });
    this.backButton = button("Send back", { icon: "back", key: "B", onClick: () => this.sendBack() });
    this.endButton = button("End", { kind: "bad solid", icon: "phone-down", key: "E", onClick: () => this.end() });
    this.holdHint = h("p", { class: "hold-hint", hidden: true }, icon("hold"), "The caller hears music and cannot hear you.");
    this.element = h("div", { class: "stage in-call" },
      h("section", { class: "panel call-bar", "aria-labelledby": "call-name" },
        h("div", { class: "call-who" },
          h("h2", { id: "call-name", class: "caller-name", tabindex: -1 }, call.customer_name),
          h("div", { class: "row" }, this.stage, this.time, this.sound, call.transfer && h("span", { class: "badge human" }, "Transferred"))),
        h("div", { class: "call-level" }, line.meter.element),
        h("div", { class: "row call-deeds", role: "group", "aria-label": "Call" }, this.muteButton, this.holdButton, this.backButton, this.endButton),
        this.holdHint),
      h("section", { class: "panel column", "aria-labelledby": "call-packet" },
        h("header", {}, h("h2", { id: "call-packet" }, "What it is about")),
        h("div", { class: "body scrolls", tabindex: 0, role: "region", "aria-label": "Packet" }, feed.packetElement)),
      h("div", { class: "column two" },
        h("section", { class: "panel column", "aria-labelledby": "call-transcript" },
          h("header", {}, h("h2", { id: "call-transcript" }, "Transcript"), h("span", { class: "muted" }, "click a time to hear it")),
          feed.transcript.element),
        h("section", { class: "panel note-panel" }, notes.element)));
    this.timer = window.setInterval(() => this.#tick(), 1000);
    this.onLine = () => this.#showLine();
    line.addEventListener("change", this.onLine);
    this.update(call);
    this.#showLine();
  }

  /** @returns {import("./shortcuts.js").Shortcut[]} */
  get shortcuts() {
    const press = (/** @type {HTMLButtonElement} */ target) => () => target.click();
    return [
      { key: "M", name: "Mute or unmute", run: press(this.muteButton) },
      { key: "H", name: "Hold or go on", run: press(this.holdButton) },
      { key: "B", name: "Send back to the assistant", run: press(this.backButton) },
      { key: "E", name: "End the call (asks first)", run: press(this.endButton) },
    ];
  }

  /** @param {any} call */
  update(call) {
    this.call = call;
    const held = call.stage === "on_hold";
    const talking = held || call.stage === "bridged";
    this.stage.textContent = label(STAGES, call.stage);
    this.stage.className = `badge ${held ? "warn" : call.stage === "bridged" ? "good" : "accent"}`;
    this.holdButton.setAttribute("aria-pressed", String(held));
    this.#rename(this.holdButton, held ? "Go on" : "Hold");
    this.holdHint.hidden = !held;
    this.holdButton.disabled = !talking;
    this.backButton.disabled = !talking;
    this.endButton.disabled = call.stage === "ended";
    const [kind, text] = MEDIA[call.media] ?? ["", call.media];
    this.sound.replaceChildren(h("span", { class: `dot ${kind}` }), text);
    this.#tick();
  }

  toggleMute() {
    this.line.mute(!this.line.muted);
  }

  async toggleHold() {
    this.holdButton.disabled = true;
    await this.act(`${this.path}/hold`, { on: this.call.stage !== "on_hold" });
    this.holdButton.disabled = false;
  }

  async sendBack() {
    const instruction = await askText({
      title: "Send the caller back to the assistant",
      text: "The assistant knows what you both said. Tell it what to do next.",
      label: "What should the assistant do?",
      yes: "Send back",
      suggestions: SUGGESTIONS,
    });
    if (instruction !== null) await this.act(`${this.path}/send-back`, { instruction });
  }

  async end() {
    const sure = await confirmDialog({
      title: `End the call with ${this.call.customer_name}?`,
      text: "The caller's line is hung up. Your notes are kept.",
      yes: "End the call", no: "Keep talking", bad: true,
    });
    if (sure) await this.act(`${this.path}/end`, {});
  }

  close() {
    clearInterval(this.timer);
    this.line.removeEventListener("change", this.onLine);
    this.line.mute(false);
  }

  #showLine() {
    this.muteButton.setAttribute("aria-pressed", String(this.line.muted));
    this.#rename(this.muteButton, this.line.muted ? "Unmute" : "Mute");
    this.muteButton.querySelector("svg")?.replaceWith(icon(this.line.muted ? "mic-off" : "mic"));
  }

  #tick() {
    this.time.textContent = duration(Date.now() - new Date(this.call.since).getTime());
  }

  /** @param {HTMLElement} target @param {string} text */
  #rename(target, text) {
    /** @type {HTMLElement} */ (target.querySelector("span")).textContent = text;
  }
}
