// After the call: what it came to, what is still owed. In: the WrapUp, feed and notes of the call.
// Out: a form that sends disposition, note and a follow-up callback.

import { h, troubleBox } from "./dom.js";
import { duration } from "./format.js";
import { DISPOSITIONS, label } from "./labels.js";

export class WrapUpView {
  /**
   * @param {any} wrapUp
   * @param {{feed: import("./call-feed.js").CallFeed, notes: import("./notes.js").NotePad, send: (body: any) => Promise<boolean>}} parts
   */
  constructor(wrapUp, { feed, notes, send }) {
    this.wrapUp = wrapUp;
    this.notes = notes;
    this.send = send;
    this.time = h("span", { class: "badge number", role: "timer", "aria-label": "Time left" });
    this.trouble = h("div", {});
    this.dueDay = h("input", { type: "date", id: "due-day", min: localDay(new Date()), value: localDay(tomorrow()) });
    this.dueTime = h("input", { type: "time", id: "due-time", value: "09:00" });
    this.reason = h("input", { type: "text", id: "due-reason", maxlength: 200, placeholder: "What the call will be about" });
    this.callbackBox = h("input", { type: "checkbox", "aria-controls": "callback-fields", on: { change: () => this.#showCallback() } });
    this.callbackFields = h("div", { id: "callback-fields", class: "stack", hidden: true },
      h("div", { class: "pair" },
        h("div", { class: "field" }, h("label", { for: "due-day" }, "Day"), this.dueDay),
        h("div", { class: "field" }, h("label", { for: "due-time" }, "Time"), this.dueTime)),
      h("div", { class: "field" }, h("label", { for: "due-reason" }, "Reason"), this.reason));
    this.submit = h("button", { class: "button primary large" }, "Finish and be available");
    this.form = h("form", { class: "body stack", novalidate: true, on: { submit: (/** @type {Event} */ event) => this.#submit(event) } },
      h("fieldset", { class: "stack tight" }, h("legend", { class: "label" }, "What did it come to?"),
        wrapUp.dispositions.map((/** @type {string} */ value) =>
          h("label", { class: "choice disposition" }, h("input", { type: "radio", name: "disposition", value }), label(DISPOSITIONS, value)))),
      notes.element,
      h("label", { class: "choice" }, this.callbackBox, "Call the customer back"),
      this.callbackFields, this.trouble, this.submit);
    this.element = h("div", { class: "stage wrapping" },
      h("section", { class: "panel", "aria-labelledby": "wrap-title" },
        h("header", {}, h("h2", { id: "wrap-title", tabindex: -1 }, `Wrap up: ${wrapUp.customer_name}`), this.time), this.form),
      h("section", { class: "panel column", "aria-labelledby": "wrap-packet" },
        h("header", {}, h("h2", { id: "wrap-packet" }, "What it was about")),
        h("div", { class: "body scrolls", tabindex: 0, role: "region", "aria-label": "Packet" }, feed.packetElement)),
      h("section", { class: "panel column", "aria-labelledby": "wrap-transcript" },
        h("header", {}, h("h2", { id: "wrap-transcript" }, "Transcript")), feed.transcript.element));
    this.timer = window.setInterval(() => this.#tick(), 1000);
    this.#tick();
  }

  /** @param {any} wrapUp */
  update(wrapUp) {
    this.wrapUp = wrapUp;
    this.#tick();
  }

  close() {
    clearInterval(this.timer);
  }

  #showCallback() {
    this.callbackFields.hidden = !this.callbackBox.checked;
    if (this.callbackBox.checked) this.dueDay.focus();
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    const disposition = new FormData(this.form).get("disposition");
    if (!disposition) {
      this.#complain("Choose what the call came to.", "disposition");
      return;
    }
    let callback = null;
    if (this.callbackBox.checked) {
      const due = new Date(`${this.dueDay.value}T${this.dueTime.value}`);
      if (Number.isNaN(due.getTime()) || due < new Date()) {
        this.#complain("The callback needs a day and a time to come.", "due-day");
        return;
      }
      callback = { due_at: due.toISOString(), reason: this.reason.value.trim() };
    }
    this.trouble.replaceChildren();
    this.submit.disabled = true;
    if (!(await this.send({ disposition, note: this.notes.text, callback }))) this.submit.disabled = false;
  }

  /** @param {string} problem @param {string} where a field's name or id */
  #complain(problem, where) {
    this.trouble.replaceChildren(troubleBox({ problem }));
    /** @type {HTMLElement | null} */ (this.form.querySelector(`[name="${where}"], #${where}`))?.focus();
  }

  #tick() {
    const { until } = this.wrapUp;
    this.time.hidden = !until;
    if (!until) return;
    const left = new Date(until).getTime() - Date.now();
    this.time.textContent = left > 0 ? `${duration(left + 999)} left` : "Time is up";
    this.time.className = `badge number ${left < 15_000 ? "warn" : ""}`;
  }
}

/** @param {Date} day @returns {string} YYYY-MM-DD in local time */
function localDay(day) {
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
}

function tomorrow() {
  const day = new Date();
  day.setDate(day.getDate() + 1);
  return day;
}
