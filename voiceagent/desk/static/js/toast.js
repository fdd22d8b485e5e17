// Short notices at the edge of the page. In: a text or an error. Out: a toast that is read out
// politely (errors at once), can be dismissed and leaves by itself.

import { button, h, icon } from "./dom.js";

const STAY_MS = 8_000;
const AT_MOST = 4;

/**
 * @param {string} text
 * @param {{more?: string, bad?: boolean}} [options]
 */
export function toast(text, { more = "", bad = false } = {}) {
  const item = h(
    "div",
    { class: `toast${bad ? " bad" : ""}`, role: bad ? "alert" : "status" },
    icon(bad ? "warning" : "info"),
    h("div", {}, h("strong", {}, text), more && h("p", { class: "muted" }, more)),
    button("Dismiss", { icon: "close", iconOnly: true, kind: "quiet", onClick: () => item.remove() }),
  );
  const place = region();
  place.append(item);
  while (place.childElementCount > AT_MOST) place.firstElementChild?.remove();
  let timer = window.setTimeout(() => item.remove(), STAY_MS);
  // Whoever reads it with the pointer or the keyboard on it keeps it.
  for (const type of ["pointerenter", "focusin"]) item.addEventListener(type, () => clearTimeout(timer));
  for (const type of ["pointerleave", "focusout"]) {
    item.addEventListener(type, () => {
      timer = window.setTimeout(() => item.remove(), STAY_MS / 2);
    });
  }
}

/** A failed request, told with what to do about it. @param {any} error an ApiError, or a bug */
export function tellError(error) {
  if (error?.status === 401) return; // the signed-out dialog says it
  if (!error?.problem) console.error(error);
  toast(error?.problem ?? "This page made a mistake.", {
    more: error?.remedy ?? "Reload the page.",
    bad: true,
  });
}

/** Run something and tell its error. @param {() => Promise<any>} work @returns {Promise<boolean>} whether it worked */
export async function attempt(work) {
  try {
    await work();
    return true;
  } catch (error) {
    tellError(error);
    return false;
  }
}

function region() {
  let element = document.querySelector(".toasts");
  if (!element) {
    element = h("section", { class: "toasts", "aria-label": "Notices" });
    document.body.append(element);
  }
  return element;
}
