// The supervisor's verdicts as a timeline. In: verdict events (or summary.json's verdicts) and the
// marks people gave them. Out: a list with grounds that link to the turns they rest on.

import { button, h } from "./dom.js";
import { duration, percent } from "./format.js";
import { ACTIONS, REPAIRS, TRIGGERS, label, tone } from "./labels.js";
import { cite } from "./packet.js";

/**
 * @typedef {{seq: number, right: boolean, note: string, by: string, at: string}} Mark
 * @typedef {{set: (seq: number, right: boolean, note: string) => Promise<boolean>, unset: (seq: number) => Promise<boolean>}} Marking
 */

export class VerdictTimeline {
  /** @param {{onCite?: (turn: number) => void, marking?: Marking | null, marks?: Mark[]}} [options] */
  constructor({ onCite, marking = null, marks = [] } = {}) {
    this.onCite = onCite;
    this.marking = marking;
    this.marks = new Map(marks.map((mark) => [mark.seq, mark]));
    this.list = h("ol", { class: "verdicts" });
    this.nothing = h("p", { class: "muted" }, "No verdict yet. The supervisor judges every turn of the caller.");
    this.element = h("div", {}, this.nothing, this.list);
    /** Calm verdicts in a row share one line. @type {{first: number, last: number, element: HTMLElement} | null} */
    this.calm = null;
  }

  clear() {
    this.calm = null;
    this.list.replaceChildren();
    this.nothing.hidden = false;
  }

  /** @param {any} event a line of the log; only verdicts are shown */
  apply(event) {
    if (event.kind === "verdict_given") this.add(event.verdict, event.at_ms, event.seq);
  }

  /** @param {any} verdict @param {number} atMs @param {number | null} [seq] the event's, for marks */
  add(verdict, atMs, seq = null) {
    this.nothing.hidden = true;
    const calm = verdict.action === "continue" && !verdict.triggers.length && verdict.repair === "none"
      && !(seq !== null && this.marks.has(seq));
    if (calm && !this.marking) {
      this.#addCalm(verdict.turn);
      return;
    }
    this.calm = null;
    this.list.append(this.#draw(verdict, atMs, seq));
  }

  /** @param {number} turn */
  #addCalm(turn) {
    if (!this.calm) {
      const element = h("li", { class: "verdict continue" }, h("div", { class: "head" }));
      this.calm = { first: turn, last: turn, element };
      this.list.append(element);
    }
    this.calm.last = turn;
    const { first, last, element } = this.calm;
    /** @type {HTMLElement} */ (element.firstElementChild).replaceChildren(
      h("strong", {}, "Continue"), h("span", { class: "muted number" }, first === last ? `turn ${first}` : `turns ${first} to ${last}`));
  }

  /** @param {any} verdict @param {number} atMs @param {number | null} seq */
  #draw(verdict, atMs, seq) {
    return h(
      "li",
      { class: `verdict ${verdict.action}` },
      h("div", { class: "head" },
        h("strong", {}, label(ACTIONS, verdict.action)),
        h("span", { class: "muted number" }, `turn ${verdict.turn}, ${duration(atMs)}`),
        h("span", { class: `badge ${tone(verdict.action)}` }, `${percent(verdict.confidence)} sure`),
        verdict.frustration > 0.05 && h("span", { class: "muted number" }, `frustration ${percent(verdict.frustration)}`),
        REPAIRS[verdict.repair] && h("span", { class: "badge accent" }, `Assistant ${REPAIRS[verdict.repair]}`)),
      verdict.triggers.length > 0 && h("ul", { class: "grounds" }, verdict.triggers.map((/** @type {any} */ trigger) => this.#ground(trigger))),
      this.marking && seq !== null && this.#mark(seq, verdict.turn),
    );
  }

  /** @param {any} trigger */
  #ground(trigger) {
    const other = trigger.contradiction;
    return h("li", {},
      h("span", {}, h("strong", {}, label(TRIGGERS, trigger.kind)), trigger.detail && `: ${trigger.detail}`, " ",
        h("span", { class: "muted number" }, percent(trigger.confidence))),
      trigger.citations.map((/** @type {any} */ citation) =>
        h("div", {}, h("q", {}, citation.quote), " ", cite(citation, this.onCite))),
      other && h("div", { class: "muted" }, [
        other.said && `Caller: “${other.said}”`,
        other.record && `Record: ${other.record}`,
        other.other_record && `Other record: ${other.other_record}`,
        other.agent_said && `Assistant: “${other.agent_said}”`,
      ].filter(Boolean).join(" · ")));
  }

  /** "Was that right?" with a note. @param {number} seq @param {number} turn */
  #mark(seq, turn) {
    const marking = /** @type {Marking} */ (this.marking);
    const note = h("input", { type: "text", maxlength: 500, "aria-label": `Note on the verdict of turn ${turn}`, placeholder: "Why? (optional)" });
    const by = h("span", { class: "muted" });
    const choose = (/** @type {boolean} */ right) => async () => {
      const now = this.marks.get(seq);
      const undo = now?.right === right;
      const worked = undo ? await marking.unset(seq) : await marking.set(seq, right, note.value.trim());
      if (!worked) return;
      if (undo) this.marks.delete(seq);
      else this.marks.set(seq, { seq, right, note: note.value.trim(), by: "you", at: "" });
      show();
    };
    const options = (/** @type {string} */ text) => ({ kind: "quiet", "aria-label": `The verdict of turn ${turn} was ${text}`, title: `This was ${text}` });
    const yes = button("Right", { ...options("right"), icon: "right", onClick: choose(true) });
    const no = button("Wrong", { ...options("wrong"), icon: "wrong", onClick: choose(false) });
    const show = () => {
      const now = this.marks.get(seq);
      yes.setAttribute("aria-pressed", String(now?.right === true));
      no.setAttribute("aria-pressed", String(now?.right === false));
      note.hidden = !now;
      by.textContent = now ? `marked by ${now.by}` : "";
    };
    note.value = this.marks.get(seq)?.note ?? "";
    note.addEventListener("change", () => {
      const now = this.marks.get(seq);
      if (now) marking.set(seq, now.right, note.value.trim());
    });
    show();
    return h("div", { class: "mark" }, h("div", { class: "row" }, yes, no, by), note);
  }
}

