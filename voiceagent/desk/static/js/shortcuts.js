// Single-key shortcuts. In: keys with a name and what they do. Out: calls, never while somebody
// types, while a dialog is open or with a modifier held. They can be switched off (WCAG 2.1.4).

import { button, h } from "./dom.js";
import { open } from "./dialog.js";

/** @typedef {{key: string, name: string, run: () => void}} Shortcut */

/** @type {Shortcut[]} */
let active = [];

/** Replace the page's shortcuts. @param {Shortcut[]} shortcuts */
export function setShortcuts(shortcuts) {
  active = shortcuts;
}

/** Whether they are on; remembered. */
export function shortcutsOn() {
  try {
    return localStorage.getItem("shortcuts") !== "off";
  } catch {
    return true;
  }
}

/** The list of what can be pressed, with the switch. */
export function showShortcuts() {
  const rows = active.map((shortcut) => [h("kbd", {}, shortcut.key), h("span", {}, shortcut.name)]);
  const box = h("input", { type: "checkbox", checked: shortcutsOn() });
  box.addEventListener("change", () => {
    try {
      localStorage.setItem("shortcuts", box.checked ? "on" : "off");
    } catch {
      // not remembered
    }
  });
  const close = button("Close", { kind: "primary", onClick: () => dialog.close() });
  const dialog = open(
    "Keyboard shortcuts",
    rows.length > 0
      ? h("div", { class: "keys-list" }, rows.flat())
      : h("p", { class: "muted" }, "Nothing can be done by a single key right now."),
    h("label", { class: "choice" }, box, "Single-key shortcuts are on"),
    h("div", { class: "actions" }, close),
  );
  dialog.addEventListener("close", () => dialog.remove());
  close.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
  const at = event.target instanceof Element ? event.target : null;
  if (at?.closest("input:not([type=range]):not([type=checkbox]), textarea, select, [contenteditable]")) return;
  if (document.querySelector("dialog[open]") || !shortcutsOn()) return;
  if (event.key === "?") {
    showShortcuts();
    event.preventDefault();
    return;
  }
  if (event.key === " " && at?.closest("button, a, summary")) return; // the control's own key
  const pressed = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const shortcut = active.find((candidate) => candidate.key.toUpperCase() === pressed.toUpperCase());
  if (!shortcut) return;
  event.preventDefault();
  shortcut.run();
});
