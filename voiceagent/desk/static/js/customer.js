// The customer's side: be called back in the browser. In: the sample company's customers. Out: a
// call with a state line, keys, what was understood, and a way to hang up, also by leaving.

import { get, post, query } from "./api.js";
import { button, emptyState, h, icon, troubleBox } from "./dom.js";
import { duration, languageName } from "./format.js";
import { Line } from "./media.js";
import { LevelMeter, openMicrophone, stopMicrophone } from "./microphone.js";
import { openStream } from "./stream.js";
import { tellError } from "./toast.js";
import { Transcript } from "./transcript.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
/** @type {Record<string, (person: string) => [string, string]>} */
const STATES = {
  connecting: () => ["Connecting", "One moment, the assistant is picking up."],
  talking: () => ["You are talking to an AI", "Ask for a person at any time, or press 0."],
  holding: () => ["On hold", "A person is being found for you. You can go on talking: the assistant listens."],
  held: (person) => ["On hold", `${person || "The person"} comes back to you in a moment.`],
  with_person: (person) => [`You are talking to ${person || "a person"}`, "The assistant is silent."],
  ended: () => ["The call is over", "Thank you."],
};
const place = /** @type {HTMLElement} */ (document.querySelector("#customer"));
const audio = /** @type {HTMLAudioElement} */ (document.querySelector("#far-end"));

/** @type {import("./shell.js").Settings} */
let settings;
async function begin() {
  try {
    settings = await get("/api/settings");
    const company = document.querySelector("[data-company]");
    if (company) company.textContent = settings.company;
    if (!settings.customer_page) {
      place.replaceChildren(emptyState("phone", "This page is closed", "Calls from the browser are switched off on this server."));
      return;
    }
    const { accounts } = await get("/api/customer/accounts");
    if (accounts.length) showChoice(accounts);
    else place.replaceChildren(emptyState("person", "No customers", "The sample company has no customers to choose from."));
  } catch (error) {
    place.replaceChildren(troubleBox(/** @type {any} */ (error)));
  }
}

/** @param {any[]} accounts */
function showChoice(accounts) {
  const chosen = h("select", { id: "account" }, accounts.map((one) => h("option", { value: one.id }, `${one.name} (${one.id}), ${languageName(one.language)}`)));
  const reason = h("p", { class: "reason" });
  const trouble = h("div", {});
  const call = button("Call me back", { kind: "good large", icon: "phone", onClick: () => start() });
  const explain = () => {
    const account = accounts.find((one) => one.id === chosen.value);
    reason.replaceChildren(icon("said"), h("span", { lang: account.language }, account.reason));
  };
  chosen.addEventListener("change", explain);
  explain();
  place.replaceChildren(h("section", { class: "panel customer-card", "aria-labelledby": "choice-title" },
    h("h2", { id: "choice-title" }, "We call you back, right here"),
    h("p", { class: "muted" }, "Choose whom you want to be. These customers are invented; what you say is recorded."),
    h("div", { class: "field" }, h("label", { for: "account" }, "Customer"), chosen, reason),
    h("p", { class: "mic-hint" }, icon("mic"), "Your browser asks for the microphone when you press the button. A headset sounds best."),
    trouble, call));

  async function start() {
    call.disabled = true;
    trouble.replaceChildren();
    try {
      const microphone = await openMicrophone();
      try {
        const account = accounts.find((one) => one.id === chosen.value);
        const view = new CustomerCall(account, microphone, () => showChoice(accounts));
        await view.open();
      } catch (error) {
        stopMicrophone(microphone);
        throw error;
      }
    } catch (error) {
      call.disabled = false;
      if (/** @type {any} */ (error).problem) trouble.replaceChildren(troubleBox(/** @type {any} */ (error)));
      else tellError(error);
    }
  }
}

class CustomerCall {
  /** @param {any} account @param {MediaStream} microphone @param {() => void} onBack */
  constructor(account, microphone, onBack) {
    this.account = account;
    this.microphone = microphone;
    this.onBack = onBack;
    this.over = false;
    this.begun = Date.now();
    this.line = new Line({ iceServers: settings.ice_servers, audio, reopens: false,
      send: (offer) => post("/api/customer/calls", { account_id: account.id, ...offer }) });
    this.line.addEventListener("state", () => this.#onLine());
    this.line.addEventListener("blocked", () => document.addEventListener("pointerdown", () => this.line.play(), { once: true }));
    this.meter = new LevelMeter("Your microphone's level");
    this.transcript = new Transcript({ caller: "You", human: "Person" });
    this.title = h("h2", { class: "state-title", tabindex: -1 });
    this.hint = h("p", { class: "muted" });
    this.time = h("span", { class: "number", role: "timer", "aria-label": "Duration" });
    this.hangUpButton = button("Hang up", { kind: "bad solid large", icon: "phone-down", onClick: () => this.hangUp() });
    this.muteButton = button("Mute", { kind: "large", icon: "mic", "aria-pressed": "false", onClick: () => this.#toggleMute() });
    this.again = button("Call again", { kind: "primary large", hidden: true, onClick: onBack });
    this.keypad = h("div", { class: "keypad", role: "group", "aria-label": "Keypad" }, KEYS.map((key) =>
      button(key, { kind: "key", onClick: () => this.#press(key) })));
    this.element = h("div", { class: "customer-call" },
      h("section", { class: "panel customer-card", "aria-label": "Your call" },
        h("div", { role: "status", class: "state-line" }, this.title, this.hint),
        h("div", { class: "spread" }, this.time, this.meter.element),
        this.keypad, h("div", { class: "row deeds" }, this.muteButton, this.hangUpButton, this.again)),
      h("section", { class: "panel heard", "aria-labelledby": "heard-title" },
        h("header", {}, h("h2", { id: "heard-title" }, "What was understood")), this.transcript.element));
    this.leave = () => this.#beacon();
  }

  async open() {
    await this.line.open(this.microphone);
    const { call_id: id, token } = this.line.answer;
    this.path = `/api/customer/calls/${encodeURIComponent(id)}`;
    this.token = token;
    window.addEventListener("pagehide", this.leave);
    this.meter.watch(this.microphone);
    this.timer = window.setInterval(() => {
      this.time.textContent = duration(Date.now() - this.begun);
    }, 500);
    this.#show("connecting", "");
    place.replaceChildren(this.element);
    this.title.focus();
    this.stream = openStream(`${this.path}/events${query({ token })}`, {
      state: ({ state, person }) => (state === "ended" ? this.#end() : this.#show(state, person)),
      turn: (turn) => this.transcript.addTurn({ start_ms: Date.now() - this.begun, confidence: 1, language: this.account.language, ...turn }),
    }, () => {}, { session: false });
  }

  hangUp() {
    post(`${this.path}/hang-up`, { token: this.token }).catch(() => this.#beacon());
    this.#end();
  }

  /** @param {string} state @param {string} person */
  #show(state, person) {
    const [title, text] = (STATES[state] ?? STATES.talking)(person);
    this.title.textContent = title;
    this.hint.textContent = text;
    this.element.dataset.state = state;
    if (person) this.transcript.names.human = person;
  }

  #end() {
    if (this.over) return;
    this.over = true;
    this.#show("ended", "");
    window.removeEventListener("pagehide", this.leave);
    clearInterval(this.timer);
    this.stream?.close();
    this.line.close();
    this.meter.watch(null);
    stopMicrophone(this.microphone);
    this.hangUpButton.hidden = true;
    this.muteButton.hidden = true;
    this.keypad.hidden = true;
    this.again.hidden = false;
    this.again.focus();
  }

  #onLine() {
    if (this.line.state === "lost" && !this.over) {
      this.#end();
      this.hint.textContent = "The connection was lost.";
    }
  }

  #toggleMute() {
    this.line.mute(!this.line.muted);
    this.muteButton.setAttribute("aria-pressed", String(this.line.muted));
    /** @type {HTMLElement} */ (this.muteButton.querySelector("span")).textContent = this.line.muted ? "Unmute" : "Mute";
  }

  /** @param {string} key */
  async #press(key) {
    try {
      await post(`${this.path}/keys`, { token: this.token, key });
    } catch (error) {
      tellError(error);
    }
  }

  /** A page that goes away can only send this way. */
  #beacon() {
    navigator.sendBeacon(`${this.path}/hang-up`, new Blob([JSON.stringify({ token: this.token })], { type: "application/json" }));
  }
}

await begin();
