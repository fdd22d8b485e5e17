// The header of every signed-in page. In: which page this is and who may see it. Out: the session
// and the settings, or null where the page cannot be shown (and the page says so itself).

import { ApiError, get, remove, useCsrf } from "./api.js";
import { button, emptyState, h, icon, troubleBox } from "./dom.js";
import { open } from "./dialog.js";
import { showShortcuts } from "./shortcuts.js";
import { attempt } from "./toast.js";

/**
 * @typedef {{id: string, name: string, roles: string[], languages: string[], skills: string[]}} User
 * @typedef {{company: string, ice_servers: RTCIceServer[], wrap_up_s: number, customer_page: boolean, ring_timeout_s: number, version: string}} Settings
 */

const PAGES = [
  { id: "desk", path: "/desk", name: "Desk", icon: "desk", roles: ["agent", "admin"] },
  { id: "board", path: "/board", name: "Board", icon: "board", roles: ["supervisor", "admin"] },
  { id: "calls", path: "/calls", name: "Calls", icon: "calls", roles: ["supervisor", "admin"] },
  { id: "prompts", path: "/prompts", name: "Prompts", icon: "prompts", roles: ["supervisor", "admin"] },
];

/**
 * @param {string} page one of "desk", "board", "calls", "prompts"
 * @returns {Promise<{user: User, settings: Settings} | null>}
 */
export async function openShell(page) {
  window.addEventListener("signed-out", showSignedOut);
  let session;
  let settings;
  try {
    [session, settings] = await Promise.all([get("/api/session"), get("/api/settings")]);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      location.replace(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
      return null;
    }
    const again = button("Try again", { kind: "primary", onClick: () => location.reload() });
    main().replaceChildren(h("div", { class: "stack page" }, h("h1", {}, "Not now"), troubleBox(/** @type {any} */ (error)), h("div", {}, again)));
    return null;
  }
  useCsrf(session.csrf);
  draw(page, session.user, settings);
  const wanted = PAGES.find((candidate) => candidate.id === page);
  if (wanted && !may(session.user, wanted.roles)) {
    main().replaceChildren(
      h("h1", { class: "visually-hidden" }, wanted.name),
      emptyState("person", "This page is not for you", `${wanted.name} is open to the roles ${wanted.roles.join(", ")}.`,
        h("a", { class: "button", href: "/" }, "To your own page")),
    );
    return null;
  }
  return { user: session.user, settings };
}

/** @param {User} user @param {string[]} roles */
function may(user, roles) {
  return roles.some((role) => user.roles.includes(role));
}

const main = () => /** @type {HTMLElement} */ (document.querySelector("main"));

/** @param {string} page @param {User} user @param {Settings} settings */
function draw(page, user, settings) {
  const header = /** @type {HTMLElement} */ (document.querySelector(".shell"));
  const company = header.querySelector("[data-company]");
  if (company) company.textContent = settings.company;
  const links = PAGES.filter((candidate) => may(user, candidate.roles)).map((candidate) =>
    h("li", {}, h("a", { href: candidate.path, "aria-current": candidate.id === page ? "page" : null },
      icon(candidate.icon), candidate.name)));
  header.querySelector("nav")?.remove();
  header.querySelector(".end")?.remove();
  header.append(
    h("nav", { "aria-label": "Pages" }, h("ul", {}, links)),
    h("div", { class: "end" },
      button("Keyboard shortcuts (?)", { icon: "keys", iconOnly: true, kind: "quiet", onClick: showShortcuts }),
      button("Colours", { icon: "theme", iconOnly: true, kind: "quiet", "data-theme-toggle": true }),
      h("span", { class: "who" }, user.name),
      button("Sign out", { icon: "sign-out", iconOnly: true, kind: "quiet", onClick: signOut })),
  );
  document.dispatchEvent(new Event("theme-button-added"));
}

async function signOut() {
  window.dispatchEvent(new Event("signing-out"));
  if (await attempt(() => remove("/api/session"))) location.assign("/sign-in");
}

function showSignedOut() {
  if (document.querySelector("[data-signed-out]")) return;
  const dialog = open(
    "You are signed out",
    h("p", {}, "Your session ended, or you signed in somewhere else. Sign in again to go on."),
    h("div", { class: "actions" },
      h("a", { class: "button primary", href: `/sign-in?next=${encodeURIComponent(location.pathname)}` }, "Sign in")),
  );
  dialog.dataset.signedOut = "";
  dialog.addEventListener("cancel", (event) => event.preventDefault());
}

/**
 * Show how the page's stream is; what it feeds is greyed while it is down.
 * @param {import("./stream.js").StreamState} state
 */
export function showConnection(state) {
  document.body.dataset.stream = state;
  let banner = document.querySelector(".connection");
  if (!banner) {
    banner = h("p", { class: "connection", role: "status", hidden: true });
    document.body.append(banner);
  }
  banner.toggleAttribute("hidden", state !== "lost");
  banner.textContent = state === "lost" ? "Connection lost, reconnecting. What you see may be out of date." : "";
}
