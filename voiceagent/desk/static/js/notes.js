// Notes on a call, saved while they are typed. In: a call's id and who writes. Out: a text area
// that says whether it is saved; also saved when the page is left.

import { get, put } from "./api.js";
import { h } from "./dom.js";
import { clock } from "./format.js";

const PAUSE_MS = 800;
const RETRY_MS = 4_000;

export class NotePad {
  /** @param {string} callId @param {import("./shell.js").User} user */
  constructor(callId, user) {
    this.path = `/api/calls/${encodeURIComponent(callId)}`;
    this.callId = callId;
    this.timer = 0;
    this.saved = "";
    this.area = h("textarea", { id: `note-${callId}`, rows: 4, maxlength: 5000, placeholder: "What the next colleague should know",
      on: { input: () => this.#later(PAUSE_MS) } });
    this.status = h("span", { class: "muted number", role: "status" });
    this.element = h("div", { class: "notes field" },
      h("div", { class: "spread" }, h("label", { for: this.area.id }, "Notes"), this.status), this.area);
    this.leave = () => this.#save(true);
    window.addEventListener("pagehide", this.leave);
    this.#load(user);
  }

  get text() {
    return this.area.value.trim();
  }

  /** Save what is not saved yet, and stop. */
  close() {
    window.removeEventListener("pagehide", this.leave);
    this.#save(true);
  }

  /** @param {import("./shell.js").User} user */
  async #load(user) {
    try {
      const { notes } = await get(this.path);
      const own = notes?.find((/** @type {any} */ note) => note.by === user.id || note.by === user.name);
      if (own && !this.area.value) {
        this.area.value = own.text;
        this.saved = own.text;
        this.status.textContent = own.updated_at ? `Saved ${clock(own.updated_at)}` : "";
      }
    } catch {
      // An earlier note is a help, not a need; typing works without it.
    }
  }

  /** @param {number} ms */
  #later(ms) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.#save(), ms);
  }

  /** @param {boolean} [leaving] */
  async #save(leaving = false) {
    clearTimeout(this.timer);
    const text = this.area.value;
    if (text === this.saved) return;
    this.status.textContent = "Saving";
    try {
      await put(`/api/desk/calls/${encodeURIComponent(this.callId)}/note`, { text }, { keepalive: leaving });
      this.saved = text;
      this.status.textContent = `Saved ${clock(new Date())}`;
    } catch {
      this.status.textContent = "Not saved yet, trying again";
      if (!leaving) this.#later(RETRY_MS);
    }
  }
}
