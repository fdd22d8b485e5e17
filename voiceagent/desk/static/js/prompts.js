// What the agent is told, as the server has it: read only, edited on disk. In: GET /api/prompts.
// Out: a tree of files by kind and language, one file's text with its problem at its line.

import { get } from "./api.js";
import { button, emptyState, h, icon, troubleBox } from "./dom.js";
import { fullTime, languageName, plural } from "./format.js";
import { PROMPT_KINDS, label } from "./labels.js";
import { openShell } from "./shell.js";

const place = /** @type {HTMLElement} */ (document.querySelector("#prompts"));
const loaded = /** @type {HTMLElement} */ (document.querySelector("#loaded"));
const text = h("section", { class: "panel prompt-text", "aria-label": "File" });

if (await openShell("prompts")) await load();

async function load() {
  try {
    draw(await get("/api/prompts"));
  } catch (error) {
    place.replaceChildren(troubleBox(/** @type {any} */ (error)));
  }
}

/** @param {any} told */
function draw(told) {
  const broken = told.files.filter((/** @type {any} */ file) => file.problem);
  loaded.replaceChildren(
    h("span", { class: `dot ${told.ok ? "good" : "bad"}` }),
    told.ok ? "All files are sound" : `${plural(broken.length, "file")} with a problem`,
    h("span", {}, `, loaded ${fullTime(told.loaded_at)} `),
    button("Look again", { kind: "quiet", onClick: load }));
  if (!told.files.length) {
    place.replaceChildren(emptyState("prompts", "No prompts", "The server has loaded no prompt files."));
    return;
  }
  const kinds = [...new Set([...Object.keys(PROMPT_KINDS), ...told.files.map((/** @type {any} */ file) => file.kind)])];
  const links = new Map(told.files.map((/** @type {any} */ file) => [file.path, link(file)]));
  place.replaceChildren(h("div", { class: "prompt-columns" },
    h("nav", { class: "panel prompt-tree", "aria-label": "Prompt files" }, kinds.map((kind) => {
      const files = told.files.filter((/** @type {any} */ file) => file.kind === kind);
      return files.length > 0 && h("section", {}, h("h2", {}, label(PROMPT_KINDS, kind)),
        h("ul", {}, files.map((/** @type {any} */ file) => h("li", {}, links.get(file.path)))));
    })), text));
  const chosen = () => {
    const wanted = new URLSearchParams(location.search).get("file");
    const file = told.files.find((/** @type {any} */ one) => one.path === wanted) ?? broken[0] ?? told.files[0];
    for (const [path, one] of links) {
      if (path === file.path) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    }
    show(file);
  };
  window.onpopstate = chosen;
  chosen();

  /** @param {any} file */
  function link(file) {
    return h("a", { href: `/prompts?file=${encodeURIComponent(file.path)}`, on: { click: (/** @type {MouseEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      history.pushState(null, "", `/prompts?file=${encodeURIComponent(file.path)}`);
      chosen();
    } } },
    file.problem ? icon("warning") : icon("check"),
    h("span", {}, file.language ? languageName(file.language) : file.path.split("/").pop(),
      h("span", { class: "muted path" }, file.path)),
    h("span", { class: "visually-hidden" }, file.problem ? "has a problem" : "is sound"));
  }
}

/** @param {any} file */
function show(file) {
  const { problem } = file;
  const lines = file.text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const rows = lines.map((/** @type {string} */ line, /** @type {number} */ index) => {
    const here = problem?.line === index + 1;
    return [
      h("tr", { class: here ? "wrong" : "" }, h("td", { class: "line-number", "aria-hidden": "true" }, index + 1), h("td", {}, h("code", {}, line || " "))),
      here && h("tr", { class: "told" }, h("td", {}), h("td", {}, told(problem))),
    ];
  });
  text.replaceChildren(
    h("header", {}, h("h2", { class: "path" }, file.path), h("span", { class: "muted number" }, plural(lines.length, "line"))),
    h("div", { class: "stack notices" },
      file.used === "last_good" && troubleBox({ problem: "Calls use the last good version of this file.",
        remedy: "What you see is the file as it is on disk. It is used as soon as its problem is mended." }, { mild: true, live: false }),
      problem && !problem.line && told(problem)),
    h("div", { class: "code", tabindex: 0, role: "region", "aria-label": `Text of ${file.path}` },
      h("table", { role: "presentation" }, h("tbody", { lang: file.language || null }, rows.flat()))),
  );
  text.querySelector(".wrong")?.scrollIntoView({ block: "nearest" });
}

/** @param {any} problem */
function told(problem) {
  const where = [problem.line && `line ${problem.line}`, problem.column && `column ${problem.column}`, problem.field && `field ${problem.field}`].filter(Boolean).join(", ");
  return troubleBox({ problem: where ? `${where[0].toUpperCase()}${where.slice(1)}: ${problem.problem}` : problem.problem, remedy: problem.remedy }, { live: false });
}
