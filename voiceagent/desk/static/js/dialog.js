// Questions that must be answered before something happens. In: texts. Out: a promise of the answer.
//
// Focus starts on the answer that changes nothing, so a key pressed twice never ends a call.

import { button, h } from "./dom.js";

/**
 * @param {{title: string, text: string, yes: string, no: string, bad?: boolean}} question
 * @returns {Promise<boolean>}
 */
export function confirmDialog({ title, text, yes, no, bad = false }) {
  return new Promise((resolve) => {
    const stay = button(no, { onClick: () => dialog.close("no"), autofocus: true });
    const go = button(yes, { kind: bad ? "bad solid" : "primary", onClick: () => dialog.close("yes") });
    const dialog = open(title, h("p", {}, text), h("div", { class: "actions" }, stay, go));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    stay.focus();
  });
}

/**
 * Asks for a text. Resolves to null when it is called off.
 * @param {{title: string, text: string, label: string, yes: string, suggestions?: string[], needed?: boolean}} question
 * @returns {Promise<string | null>}
 */
export function askText({ title, text, label, yes, suggestions = [], needed = true }) {
  return new Promise((resolve) => {
    const area = h("textarea", { rows: 3, id: "ask-text", maxlength: 500, required: needed });
    const form = h(
      "form",
      { method: "dialog" },
      h("p", {}, text),
      h("div", { class: "field" }, h("label", { for: "ask-text" }, label), area),
      suggestions.length > 0 &&
        h("div", { class: "row" }, suggestions.map((suggestion) =>
          button(suggestion, {
            onClick: () => {
              area.value = suggestion;
              area.focus();
            },
          }))),
      h(
        "div",
        { class: "actions" },
        button("Cancel", { onClick: () => dialog.close("no") }),
        h("button", { class: "button primary", value: "yes" }, yes),
      ),
    );
    const dialog = open(title, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? area.value.trim() : null);
    });
    area.focus();
  });
}

/**
 * A dialog that is open. The caller removes it when it closes.
 * @param {string} title
 * @param {...import("./dom.js").Child} content
 */
export function open(title, ...content) {
  const id = `dialog-${Math.random().toString(36).slice(2)}`;
  const dialog = h("dialog", { "aria-labelledby": id }, h("div", { class: "stack" }, h("h2", { id }, title), content));
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
