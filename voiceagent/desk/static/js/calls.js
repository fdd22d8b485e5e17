// Past calls: a search whose question is the URL. In: the page's query string. Out: a table of
// calls with paging, each leading to its report.

import { get, query } from "./api.js";
import { emptyState, h, troubleBox } from "./dom.js";
import { dayTime, duration, languageName, plural } from "./format.js";
import { CALL_STATES, HANDOFF_OUTCOMES, OUTCOMES, label, tone } from "./labels.js";
import { openShell } from "./shell.js";

const FIELDS = ["text", "outcome", "handoff", "from", "to", "account", "page"];

const shell = await openShell("calls");
if (shell) runSearch();

function runSearch() {
  const results = /** @type {HTMLElement} */ (document.querySelector("#results"));
  const found = /** @type {HTMLElement} */ (document.querySelector("#found"));
  const form = searchForm(() => go({ ...Object.fromEntries(/** @type {any} */ (new FormData(form))), page: "" }));
  let asked = 0;
  document.querySelector("#search")?.replaceChildren(form);
  window.addEventListener("popstate", show);
  show();

  /** @param {Record<string, string>} values */
  function go(values) {
    history.pushState(null, "", `/calls${query(values)}`);
    show();
  }

  async function show() {
    const now = (asked += 1);
    const values = Object.fromEntries(FIELDS.map((name) => [name, new URLSearchParams(location.search).get(name) ?? ""]));
    for (const [name, value] of Object.entries(values)) {
      const field = /** @type {HTMLInputElement | null} */ (form.elements.namedItem(name));
      if (field) field.value = value;
    }
    results.setAttribute("aria-busy", "true");
    try {
      const answer = await get(`/api/calls${query({ ...values, from: dayStart(values.from, 0), to: dayStart(values.to, 1) })}`);
      if (now !== asked) return;
      found.textContent = answer.total ? plural(answer.total, "call") : "";
      results.replaceChildren(answer.calls.length ? table(answer.calls) : nothing(values), paging(answer, values));
    } catch (error) {
      if (now === asked) results.replaceChildren(troubleBox(/** @type {any} */ (error)));
    } finally {
      if (now === asked) results.removeAttribute("aria-busy");
    }
  }

  /** @param {any} answer @param {Record<string, string>} values */
  function paging({ page, pages }, values) {
    if (pages <= 1) return "";
    const to = (/** @type {number} */ number, /** @type {string} */ text, /** @type {boolean} */ possible) => possible
      ? h("a", { class: "button", href: `/calls${query({ ...values, page: number === 1 ? "" : String(number) })}`,
        on: { click: (/** @type {MouseEvent} */ event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          go({ ...values, page: number === 1 ? "" : String(number) });
          scrollTo(0, 0);
        } } }, text)
      : h("span", { class: "button off", "aria-disabled": "true", role: "link" }, text);
    return h("nav", { class: "paging", "aria-label": "Pages of results" },
      to(page - 1, "Newer", page > 1), h("span", { class: "muted number" }, `Page ${page} of ${pages}`), to(page + 1, "Older", page < pages));
  }
}

/** @param {() => void} onSearch */
function searchForm(onSearch) {
  const field = (/** @type {string} */ name, /** @type {string} */ text, /** @type {HTMLElement} */ input) =>
    h("div", { class: `field field-${name}` }, h("label", { for: `search-${name}` }, text), input);
  const select = (/** @type {string} */ name, /** @type {Record<string, string>} */ table) =>
    h("select", { id: `search-${name}`, name, on: { change: onSearch } },
      h("option", { value: "" }, "Any"), Object.entries(table).map(([value, text]) => h("option", { value }, text)));
  const input = (/** @type {string} */ name, /** @type {string} */ type, /** @type {any} */ more = {}) =>
    h("input", { id: `search-${name}`, name, type, ...more });
  return h(
    "form",
    { class: "search panel", role: "search", action: "/calls", on: { submit: (/** @type {Event} */ event) => {
      event.preventDefault();
      onSearch();
    } } },
    field("text", "Name, number or call", input("text", "search", { autocomplete: "off", spellcheck: "false" })),
    field("outcome", "Outcome", select("outcome", OUTCOMES)),
    field("handoff", "Handoff", select("handoff", HANDOFF_OUTCOMES)),
    field("from", "From", input("from", "date", { on: { change: onSearch } })),
    field("to", "To", input("to", "date", { on: { change: onSearch } })),
    field("account", "Account", input("account", "text", { autocomplete: "off", spellcheck: "false", placeholder: "C-1002" })),
    h("button", { class: "button primary" }, "Search"),
  );
}

/** @param {any[]} calls */
function table(calls) {
  const names = ["Started", "Caller", "Outcome", "Handoff", "Language", "Duration"];
  return h("div", { class: "panel table-scroll" }, h("table", { class: "calls-table" },
    h("caption", { class: "visually-hidden" }, "Calls found, newest first"),
    h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, calls.map((call) => h("tr", {},
      h("td", { class: "number started" }, h("time", { datetime: call.started_at }, dayTime(call.started_at))),
      h("td", { class: "caller" }, h("a", { href: `/calls/${encodeURIComponent(call.id)}` }, call.customer_name || "Unknown caller"),
        h("div", { class: "muted number" }, [call.account_id, call.phone].filter(Boolean).join(" · "))),
      h("td", {}, call.outcome ? h("span", { class: `badge ${tone(call.outcome)}` }, label(OUTCOMES, call.outcome))
        : h("span", { class: "badge warn" }, call.ended_at ? "Cut off" : label(CALL_STATES, call.state))),
      h("td", {}, call.handoff_outcome ? label(HANDOFF_OUTCOMES, call.handoff_outcome) : h("span", { class: "muted" }, "None")),
      h("td", {}, languageName(call.language)),
      h("td", { class: "number" }, call.duration_ms === null ? "–" : duration(call.duration_ms)))))));
}

/** @param {Record<string, string>} values */
function nothing(values) {
  const asked = FIELDS.some((name) => values[name]);
  return h("div", { class: "panel" }, asked
    ? emptyState("search", "No call fits", "Try fewer words, or a longer time.", h("a", { class: "button", href: "/calls" }, "Show all calls"))
    : emptyState("calls", "No calls yet", "Every call is kept here once it has ended."));
}

/** Local midnight of a day, or of the one after it, as the API takes times. @param {string} day @param {number} after */
function dayStart(day, after) {
  if (!day) return "";
  const moment = new Date(`${day}T00:00`);
  if (Number.isNaN(moment.getTime())) return "";
  moment.setDate(moment.getDate() + after);
  return moment.toISOString();
}
