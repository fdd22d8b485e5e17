// The transcript, live or past. In: events of the call's log (or turns). Out: a scrolling log that
// is read out politely, keeps its place while somebody reads back, and lets a turn be heard.

import { button, h, icon } from "./dom.js";
import { clock, duration } from "./format.js";
import { RING_RESULTS, label } from "./labels.js";

const AT_END_PX = 48;
const UNSURE = 0.6;
const NOTABLE_OVERLAP_MS = 400;

/** @type {Record<string, string>} */
const WISHES = {
  cancel: "The caller would rather stay with the assistant",
  how_long: "The caller asks how long it takes",
  callback: "The caller would rather be called back",
  added: "The caller adds something while waiting",
};

export class Transcript {
  /** @param {{onHear?: ((turn: any) => void) | null, caller?: string, human?: string, live?: boolean}} [options] */
  constructor({ onHear = null, caller = "Caller", human = "Colleague", live = true } = {}) {
    this.onHear = onHear;
    this.names = /** @type {Record<string, string>} */ ({ caller, agent: "Assistant", human });
    this.list = h("ol", {});
    this.nothing = h("p", { class: "muted" }, live ? "Nothing has been said yet." : "Nothing was said.");
    this.log = h("div", { class: "log", role: live ? "log" : "region", "aria-label": live ? "Transcript" : "What was said", tabindex: 0 },
      this.nothing, this.list);
    this.latest = button("Latest", { icon: "down", kind: "latest", hidden: true, onClick: () => this.toEnd() });
    this.element = h("div", { class: "transcript" }, this.log, this.latest);
    this.follows = true;
    this.unseen = 0;
    /** @type {HTMLElement | null} */
    this.interim = null;
    /** @type {Map<number, {turn: any, element: HTMLElement}>} */
    this.turns = new Map();
    this.log.addEventListener("scroll", () => {
      this.follows = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < AT_END_PX;
      if (this.follows) this.#seen();
    });
  }

  clear() {
    this.turns.clear();
    this.interim = null;
    this.list.replaceChildren();
    this.nothing.hidden = false;
    this.toEnd();
  }

  /** @param {any} event a line of the call's log; kinds that say nothing to a reader are passed over */
  apply(event) {
    if (event.kind === "turn_taken") this.addTurn(event.turn);
    else if (event.kind === "interim_heard") this.#showInterim(event.text);
    else {
      const remark = remarkOf(event);
      if (remark) this.#append(h("li", { class: "remark" }, icon(remark[0]), h("span", {}, remark[1])));
    }
  }

  /** @param {any} turn */
  addTurn(turn) {
    if (turn.speaker === "caller") this.#dropInterim();
    const element = this.#draw(turn);
    const known = this.turns.get(turn.number);
    this.turns.set(turn.number, { turn, element });
    if (known) known.element.replaceWith(element);
    else this.#append(element);
  }

  /** Mark the turn that is playing; null for none. @param {number | null} number */
  playing(number) {
    for (const [key, { element }] of this.turns) element.classList.toggle("playing", key === number);
    const element = number === null ? null : this.turns.get(number)?.element;
    if (element && this.follows) scrollInto(this.log, element);
  }

  /** Bring a turn into view and point at it. @param {number} number */
  show(number) {
    const element = this.turns.get(number)?.element;
    if (!element) return;
    scrollInto(this.log, element);
    this.follows = false;
    element.classList.remove("cited");
    void element.offsetWidth; // starts the animation again
    element.classList.add("cited");
    element.tabIndex = -1;
    element.focus({ preventScroll: true });
  }

  toEnd() {
    this.follows = true;
    this.log.scrollTop = this.log.scrollHeight;
    this.#seen();
  }

  #seen() {
    this.unseen = 0;
    this.latest.hidden = true;
  }

  /** @param {HTMLElement} element */
  #append(element) {
    this.nothing.hidden = true;
    if (this.interim) this.interim.before(element);
    else this.list.append(element);
    if (this.follows) {
      this.log.scrollTop = this.log.scrollHeight;
    } else {
      this.unseen += 1;
      this.latest.hidden = false;
      const text = this.latest.querySelector("span");
      if (text) text.textContent = `${this.unseen} new`;
    }
  }

  /** @param {string} text what is understood so far of a turn that goes on */
  #showInterim(text) {
    if (!this.interim) {
      this.interim = h("li", { class: "turn caller interim", "aria-hidden": "true" },
        h("span", { class: "hear" }), h("div", {}, h("div", { class: "who" }, this.names.caller), h("p", {})));
      this.nothing.hidden = true;
      this.list.append(this.interim);
    }
    /** @type {HTMLElement} */ (this.interim.querySelector("p")).textContent = text;
    if (this.follows) this.log.scrollTop = this.log.scrollHeight;
  }

  #dropInterim() {
    this.interim?.remove();
    this.interim = null;
  }

  /** @param {any} turn */
  #draw(turn) {
    const unsaid = turn.interrupted && turn.intended?.startsWith(turn.text) ? turn.intended.slice(turn.text.length).trim() : "";
    const asides = [
      turn.interrupted && "cut off by the caller",
      turn.overlap_ms > NOTABLE_OVERLAP_MS && `spoke over the other for ${(turn.overlap_ms / 1000).toFixed(1)} s`,
      turn.speaker !== "agent" && turn.confidence < UNSURE && "unsure of the words",
    ].filter(Boolean);
    const at = duration(turn.start_ms);
    const hear = this.onHear
      ? h("button", { type: "button", class: "hear", "aria-label": `Hear turn ${turn.number} at ${at}`, title: "Hear this turn",
          on: { click: () => this.onHear?.(turn) } }, icon("play"), at)
      : h("span", { class: "hear" }, at);
    return h(
      "li",
      { class: `turn ${turn.speaker}`, data: { testid: "turn", turn: turn.number, speaker: turn.speaker } },
      hear,
      h("div", {},
        h("div", { class: "who" }, this.names[turn.speaker] ?? turn.speaker,
          asides.length > 0 && h("span", { class: "aside" }, asides.join(", "))),
        h("p", { lang: turn.language || null }, turn.text, unsaid && h("span", { class: "unsaid" }, ` ${unsaid}`))),
    );
  }
}

/** Scrolls the log, never the page. @param {HTMLElement} log @param {HTMLElement} element */
function scrollInto(log, element) {
  const [outer, inner] = [log.getBoundingClientRect(), element.getBoundingClientRect()];
  if (inner.top < outer.top + 8 || inner.bottom > outer.bottom - 8) {
    log.scrollTop += inner.top - outer.top - outer.height / 3;
  }
}

/** What a reader is told of an event that is no turn: icon and text. @param {any} event @returns {[string, string] | null} */
function remarkOf(event) {
  switch (event.kind) {
    case "disclosure_played":
      return ["info", "The caller has heard that this is an AI"];
    case "barge_in":
      return ["said", "The caller speaks over the assistant"];
    case "key_pressed":
      return ["keys", `The caller pressed ${event.key}`];
    case "identity_checked":
      return event.verified ? ["verified", "Identity verified"] : ["warning", "Identity could not be verified"];
    case "reply_guarded":
      return ["warning", `A reply was not said: no record supports ${event.unsupported.join(", ")}`];
    case "hold_wished":
      return ["hold", WISHES[event.wish] ?? event.wish];
    case "human_rung":
      return ["phone", `${event.human} ${label(RING_RESULTS, event.result)}`];
    case "whisper_played":
      return ["listen", `${event.human} was briefed`];
    case "sent_back":
      return ["back", event.instruction ? `Sent back to the assistant: ${event.instruction}` : "Sent back to the assistant"];
    case "callback_booked":
      return ["promise", `Callback booked for ${clock(event.due_at)}: ${event.reason}`];
    case "do_not_call_entered":
      return ["no-ask", "This number is not called again"];
    case "call_moved":
      if (event.target === "holding") return ["hold", "The caller is on hold"];
      return event.target === "bridged" ? ["person", "Caller and colleague are connected"] : null;
    case "call_ended":
      return ["phone-down", "The call ended"];
    default:
      return null;
  }
}
