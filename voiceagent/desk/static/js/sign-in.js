// Signing in. In: user name and password. Out: a session and the page that was wanted, or a plain
// sentence about what was wrong.

import { get, post } from "./api.js";
import { troubleBox } from "./dom.js";

const form = /** @type {HTMLFormElement} */ (document.querySelector("#sign-in"));
const trouble = /** @type {HTMLElement} */ (document.querySelector("#trouble"));
const submit = /** @type {HTMLButtonElement} */ (form.querySelector("button[type=submit]"));

get("/api/settings").then(({ company }) => {
  const place = document.querySelector("[data-company]");
  if (place) place.textContent = company;
}).catch(() => {
  // The name is an ornament here; signing in will say what is wrong.
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const user = field("user");
  const password = field("password");
  const empty = [user, password].find((input) => !input.value);
  if (empty) {
    complain({ problem: "Enter your user name and your password." });
    empty.focus();
    return;
  }
  submit.disabled = true;
  trouble.replaceChildren();
  try {
    await post("/api/session", { user: user.value.trim(), password: password.value });
    location.replace(wanted());
  } catch (error) {
    const { retryAfterS } = /** @type {any} */ (error);
    complain(/** @type {any} */ (error));
    password.value = "";
    password.focus();
    submit.disabled = false;
    if (retryAfterS) wait(retryAfterS);
  }
});

/** @param {string} name */
function field(name) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
}

/** @param {{problem: string, remedy?: string}} told */
function complain(told) {
  trouble.replaceChildren(troubleBox(told));
}

/** Too many attempts: the button says when it works again. @param {number} seconds */
function wait(seconds) {
  submit.disabled = true;
  const until = Date.now() + seconds * 1000;
  const timer = setInterval(() => {
    const left = Math.ceil((until - Date.now()) / 1000);
    submit.textContent = left > 0 ? `Try again in ${left} s` : "Sign in";
    if (left > 0) return;
    submit.disabled = false;
    clearInterval(timer);
  }, 250);
}

/** Only a path of this server: never another host's. */
function wanted() {
  const next = new URLSearchParams(location.search).get("next") ?? "/";
  try {
    const target = new URL(next, location.origin);
    return target.origin === location.origin ? target.pathname + target.search : "/";
  } catch {
    return "/";
  }
}
