// The desk's bar and what stands under it while nothing rings. In: DeskState and the line. Out:
// elements that update themselves, and wishes for another availability.

import { button, emptyState, h, icon, troubleBox } from "./dom.js";
import { plural } from "./format.js";
import { listMicrophones, playTestTone } from "./microphone.js";
import { attempt } from "./toast.js";

const CHOICES = [["available", "Available"], ["paused", "Paused"], ["offline", "Off"]];
/** @type {Record<string, [string, string]>} */
const LINES = {
  none: ["", "Line closed"],
  connecting: ["warn", "Opening your line"],
  up: ["good", "Line open"],
  lost: ["bad", "Line lost, reconnecting"],
};
/** @type {Record<string, [string, string, string]>} */
const IDLE = {
  available: ["phone", "You are available", "The next caller who needs a person rings here. You see what it is about before you say hello."],
  paused: ["hold", "You are paused", "Nothing rings until you are available again. Your line stays open."],
  offline: ["desk", "You are off", "Check your microphone, then go available."],
  wrap_up: ["check", "Wrapping up", "Finish your last call to be available again."],
  unreachable: ["warning", "No call can reach you", "You are available, but your line is closed in this window."],
};

export class StatusBar {
  /** @param {import("./desk-line.js").DeskLine} line @param {(availability: string) => void} onChoose */
  constructor(line, onChoose) {
    this.line = line;
    this.buttons = CHOICES.map(([value, name]) => button(name, { data: { value }, "aria-pressed": "false", onClick: () => onChoose(value) }));
    this.lineText = h("span", { class: "row", role: "status" });
    this.queue = h("p", { class: "muted number row" });
    this.wrapping = h("span", { class: "badge accent", hidden: true }, "Wrapping up");
    this.element = h("section", { class: "status-bar", "aria-label": "Your availability" },
      h("div", { class: "segments", role: "group", "aria-label": "Availability" }, this.buttons),
      this.wrapping, this.lineText, this.queue);
    line.addEventListener("change", () => this.#showLine());
    this.#showLine();
  }

  /** @param {any} state */
  update(state) {
    for (const one of this.buttons) one.setAttribute("aria-pressed", String(one.dataset.value === state.availability));
    this.wrapping.hidden = state.availability !== "wrap_up";
    const { calls_live: live, waiting, humans_free: free } = state.queue;
    this.queue.replaceChildren(
      h("span", {}, `${plural(live, "call")} live`),
      h("span", { class: waiting ? "badge warn" : "" }, `${waiting} waiting`),
      h("span", {}, `${plural(free, "colleague")} free`));
  }

  #showLine() {
    const [kind, text] = LINES[this.line.state];
    this.lineText.replaceChildren(h("span", { class: `dot ${kind}` }), text,
      this.line.muted ? h("span", { class: "badge bad" }, icon("mic-off"), "Muted") : "");
  }
}

export class IdleView {
  /** @param {import("./desk-line.js").DeskLine} line @param {(availability: string) => void} onChoose */
  constructor(line, onChoose) {
    this.line = line;
    this.onChoose = onChoose;
    this.availability = "";
    this.shown = "";
    this.state = h("div", { class: "panel idle-state" });
    this.trouble = h("div", {});
    this.devices = h("select", { id: "microphone", on: { change: () => line.choose(this.devices.value) } });
    this.checkButton = button("Check microphone", { icon: "mic", kind: "primary", onClick: () => line.check() });
    this.meterText = h("p", { class: "muted meter-text" });
    this.element = h("div", { class: "stage idle" }, this.state,
      h("section", { class: "panel", "aria-labelledby": "mic-title" },
        h("header", {}, h("h2", { id: "mic-title" }, "Microphone and headset")),
        h("div", { class: "body stack" },
          this.trouble,
          h("div", { class: "field" }, h("label", { for: "microphone" }, "Microphone"), this.devices),
          h("div", { class: "field" }, h("span", { class: "label" }, "Level"), line.meter.element, this.meterText),
          h("div", { class: "row" }, this.checkButton,
            button("Play a test tone", { icon: "listen", onClick: () => attempt(playTestTone) })))));
    this.onLine = () => this.#showMicrophone();
    line.addEventListener("change", this.onLine);
    this.#showMicrophone();
  }

  /** @param {any} state */
  update(state) {
    this.availability = state.availability;
    this.#showState();
  }

  close() {
    this.line.removeEventListener("change", this.onLine);
  }

  #showState() {
    const now = this.availability === "available" && this.line.settled && this.line.state === "none" ? "unreachable" : this.availability;
    if (!now || now === this.shown) return;
    this.shown = now;
    const [symbol, title, text] = IDLE[now];
    const names = /** @type {Record<string, string>} */ ({ paused: "Go available again", unreachable: "Open your line" });
    const go = now === "available" ? null
      : button(names[now] ?? "Go available", { kind: "good large", icon: "phone", onClick: () => this.onChoose("available") });
    this.state.replaceChildren(emptyState(symbol, title, text, go));
    this.state.classList.toggle("ready", now === "available");
  }

  async #showMicrophone() {
    this.#showState();
    const { microphone, trouble } = this.line;
    this.trouble.replaceChildren(...(trouble ? [troubleBox(trouble)] : []));
    const name = microphone ? "Check again" : "Check microphone";
    /** @type {HTMLElement} */ (this.checkButton.querySelector("span")).textContent = name;
    this.checkButton.classList.toggle("primary", !microphone);
    this.meterText.textContent = microphone
      ? "Say something: the bar should reach the middle."
      : "The browser asks whether this page may use your microphone. Nobody hears you before you accept a call.";
    const devices = await listMicrophones();
    const current = microphone?.getAudioTracks()[0]?.getSettings().deviceId;
    this.devices.disabled = devices.length === 0;
    this.devices.replaceChildren(...(devices.length ? devices.map(({ id, label }) =>
      h("option", { value: id, selected: id === current }, label)) : [h("option", {}, "Not known yet")]));
  }
}
