// The handoff packet, in the order in which a person needs it. In: packet.json and what to do when
// a citation is followed. Out: an element.

import { h, icon } from "./dom.js";
import { dayTime, duration, languageName } from "./format.js";
import { TRIGGERS, label } from "./labels.js";
import { moodLine, moodWord } from "./mood.js";

/**
 * @typedef {(turn: number) => void} OnCite
 * @param {any} packet
 * @param {{onCite?: OnCite, compact?: boolean}} [options] compact: without who it is about
 * @returns {HTMLElement}
 */
export function renderPacket(packet, { onCite, compact = false } = {}) {
  const lang = packet.language || null;
  const mood = packet.mood_over_time ?? [];
  return h(
    "article",
    { class: "packet", "aria-label": "Packet" },
    h(
      "div",
      { class: "stack" },
      !compact && who(packet),
      h("p", { class: "matter", lang }, packet.matter || packet.why_called || "The matter is not known yet."),
      packet.triggers.length > 0 &&
        h("ul", { class: "row why", "aria-label": "Why a person" }, unique(packet.triggers).map((kind) =>
          h("li", { class: "badge warn" }, label(TRIGGERS, kind)))),
      packet.summary && packet.summary !== packet.matter && h("p", { class: "gist muted", lang }, packet.summary),
    ),
    packet.contradictions.length > 0 &&
      section("Accounts that differ", "warning", packet.contradictions.map((/** @type {any} */ one) => sideBySide(one, lang))),
    claims("Facts", packet.facts, lang, onCite),
    claims("Promised", packet.promises, lang, onCite, "promise"),
    claims("Do not ask again", packet.do_not_ask_again, lang, onCite, "no-ask"),
    claims("Open questions", packet.open_questions, lang, onCite, "question"),
    claims("Tried so far", packet.tried, lang, onCite, "tool"),
    mood.length > 0 &&
      section("Mood", null, [
        h("p", { class: "row" }, h("strong", {}, sentence(packet.mood)),
          h("span", { class: "muted" }, `${moodWord(mood.at(-1).frustration)} at the last of ${mood.length} turns`)),
        moodLine(mood.map((/** @type {any} */ point) => point.frustration)),
      ]),
    h("p", { class: "muted number" },
      `Version ${packet.version}, ${packet.written_by === "language_model" ? "worded by the language model and checked" : "written from the events"}`,
      packet.dropped_claims > 0 && `; ${packet.dropped_claims} unsupported statements left out`, "."),
  );
}

/** @param {any} packet */
function who(packet) {
  return h(
    "div",
    { class: "row" },
    h("strong", {}, packet.customer_name || "Unknown caller"),
    packet.identity_verified
      ? h("span", { class: "badge good" }, icon("verified"), "Identity verified")
      : h("span", { class: "badge warn" }, icon("warning"), "Identity not verified"),
    packet.account_id && h("span", { class: "muted number" }, packet.account_id),
    packet.phone && h("span", { class: "muted number" }, packet.phone),
    packet.language && h("span", { class: "muted" }, languageName(packet.language)),
  );
}

/** One fact told by several, in three columns. @param {any} one @param {string | null} lang */
function sideBySide(one, lang) {
  const column = (/** @type {string} */ title, /** @type {string[]} */ texts) =>
    h("div", {}, h("dt", {}, title),
      (texts.length ? texts : ["–"]).map((text) => h("dd", { lang: text === "–" ? null : lang }, text)));
  return h(
    "div",
    { class: "side-by-side" },
    h("h4", {}, h("span", { lang }, sentence(one.about)),
      one.supports_caller && h("span", { class: "badge good" }, icon("check"), "The record bears the caller out")),
    h("dl", {},
      column("Caller said", [one.said].filter(Boolean)),
      column(one.sources?.length ? `Record says (${one.sources.join(", ")})` : "Record says",
        [one.record, one.other_record].filter(Boolean)),
      column("Assistant said", [one.agent_said].filter(Boolean))),
  );
}

/** @param {string} title @param {any[]} list @param {string | null} lang @param {OnCite} [onCite] @param {string} [symbol] */
function claims(title, list, lang, onCite, symbol) {
  if (!list?.length) return null;
  return section(title, null, [h("ul", { class: "claims" }, list.map((claim) => {
    const verified = claim.verified;
    return h(
      "li",
      { class: `${verified ? "verified" : ""}${overdue(claim) ? " overdue" : ""}` },
      icon(symbol ?? (verified ? "verified" : "said")),
      h("div", {},
        h("span", { lang }, claim.text), " ",
        claim.due && h("span", { class: "due" }, `by ${claim.due}${claim.due_at ? ` (${dayTime(claim.due_at)})` : ""} `),
        h("span", { class: "from" }, verified ? "on record" : `only ${sourceName(claim.source)} says so`, " "),
        claim.citation && cite(claim.citation, onCite)),
    );
  }))]);
}

/** @param {any} claim */
const overdue = (claim) => claim.due_at && new Date(claim.due_at) < new Date();

/** @param {string} source */
function sourceName(source) {
  if (source === "caller") return "the caller";
  if (source === "agent") return "the assistant";
  return source === "record" ? "the record" : source;
}

/**
 * A link to the turn that bears a claim out.
 * @param {{turn: number, quote: string, at_ms: number}} citation
 * @param {OnCite} [onCite]
 */
export function cite(citation, onCite) {
  const text = `turn ${citation.turn}, ${duration(citation.at_ms)}`;
  if (!onCite) return h("span", { class: "from number" }, text);
  return h("button", { type: "button", class: "cite", title: `“${citation.quote}”`,
    on: { click: () => onCite(citation.turn) } }, text);
}

/** @param {string} title @param {string | null} symbol @param {import("./dom.js").Child[]} content */
function section(title, symbol, content) {
  return h("section", {}, h("h3", {}, symbol && icon(symbol), title), content);
}

/** @param {any[]} triggers @returns {string[]} */
export function unique(triggers) {
  return [...new Set(triggers.map((trigger) => trigger.kind))];
}

/** @param {string} text */
export function sentence(text) {
  return text ? text[0].toUpperCase() + text.slice(1) : "";
}

