// A call that rings: who, why and in what mood at one glance, and the packet beside it. In: the
// offer, the call's feed, what to do. Out: an element with a countdown.

import { button, h, icon, svg } from "./dom.js";
import { duration, languageName, percent } from "./format.js";
import { TRIGGERS, label } from "./labels.js";
import { moodWord } from "./mood.js";
import { sentence, unique } from "./packet.js";

const AROUND = 2 * Math.PI * 26;

export class RingView {
  /**
   * @param {any} offer
   * @param {import("./call-feed.js").CallFeed} feed
   * @param {{accept: () => void, decline: () => void}} deeds
   */
  constructor(offer, feed, { accept, decline }) {
    this.offer = offer;
    this.receivedAt = Date.now();
    this.ends = this.#endOfRing();
    this.accept = button("Accept", { kind: "good large", icon: "phone", key: "A", onClick: accept });
    this.decline = button("Decline", { kind: "bad large", icon: "phone-down", key: "D", onClick: decline });
    this.seconds = h("span", { class: "number" });
    this.arc = svg("circle", { class: "arc", cx: 30, cy: 30, r: 26 });
    this.waited = h("span", { class: "number" });
    this.element = h("div", { class: "stage ringing" },
      this.#card(),
      h("section", { class: "panel column", "aria-labelledby": "ring-packet" },
        h("header", {}, h("h2", { id: "ring-packet" }, "What it is about")),
        h("div", { class: "body scrolls", tabindex: 0, role: "region", "aria-label": "Packet" }, feed.packetElement)),
      h("section", { class: "panel column", "aria-labelledby": "ring-transcript" },
        h("header", {}, h("h2", { id: "ring-transcript" }, "So far"), h("span", { class: "muted" }, "click a time to hear it")),
        feed.transcript.element));
    this.timer = window.setInterval(() => this.#tick(), 250);
    this.#tick();
  }

  /** What is read out when it rings. */
  get announcement() {
    const { customer_name: name, why, frustration } = this.offer;
    return `${name} is calling. ${unique(why).map((kind) => label(TRIGGERS, kind)).join(", ")}. `
      + `Mood: ${moodWord(frustration)}. Press A to accept, D to decline.`;
  }

  /** @param {boolean} busy an answer is on its way */
  busy(busy) {
    this.accept.disabled = busy;
    this.decline.disabled = busy;
  }

  close() {
    clearInterval(this.timer);
  }

  #card() {
    const { customer_name: name, matter, why, mood, frustration, language, phone, kind } = this.offer;
    const word = moodWord(frustration);
    const bar = h("span", {});
    bar.style.width = percent(frustration).replace(" ", "");
    return h("section", { class: "panel ring-card", "aria-labelledby": "ring-name" },
      h("div", { class: "spread" },
        h("div", { class: "stack tight" },
          h("p", { class: "eyebrow" }, icon("phone"), kind === "take_over" ? "Call you take over" : "Incoming call"),
          h("h2", { id: "ring-name", class: "caller-name", tabindex: -1 }, name)),
        h("div", { class: "countdown", role: "timer", "aria-label": "Rings for" },
          svg("svg", { viewBox: "0 0 60 60", "aria-hidden": "true" }, svg("circle", { class: "rail", cx: 30, cy: 30, r: 26 }), this.arc),
          this.seconds)),
      h("p", { class: "ring-matter", lang: language }, matter),
      h("dl", { class: "glance" },
        h("div", {}, h("dt", {}, "Why"), h("dd", { class: "row" }, unique(why).map((one) => h("span", { class: "badge warn wraps" }, label(TRIGGERS, one))))),
        h("div", {}, h("dt", {}, "Mood"), h("dd", { class: `row mood-${word}` }, h("strong", {}, sentence(mood || word)),
          h("span", { class: "mood-bar", "aria-hidden": "true" }, bar), h("span", { class: "muted number" }, percent(frustration)))),
        h("div", {}, h("dt", {}, "Speaks"), h("dd", {}, languageName(language))),
        h("div", {}, h("dt", {}, "Number"), h("dd", { class: "number" }, phone || "unknown")),
        h("div", {}, h("dt", {}, "Waiting"), h("dd", {}, this.waited))),
      h("div", { class: "ring-deeds" }, this.accept, this.decline));
  }

  /** The server's clock may differ from this one; then the ring is counted from when it came. */
  #endOfRing() {
    const { rung_at: rungAt, ring_timeout_s: timeout } = this.offer;
    const since = Date.now() - new Date(rungAt).getTime();
    const begun = since >= -1000 && since < timeout * 1000 ? new Date(rungAt).getTime() : Date.now();
    return begun + timeout * 1000;
  }

  #tick() {
    const now = Date.now();
    const left = Math.max(0, this.ends - now);
    this.seconds.textContent = String(Math.ceil(left / 1000));
    const share = left / (this.offer.ring_timeout_s * 1000);
    this.arc.setAttribute("stroke-dasharray", `${(AROUND * share).toFixed(1)} ${AROUND.toFixed(1)}`);
    this.waited.textContent = duration(this.offer.waiting_s * 1000 + now - this.receivedAt);
  }
}
