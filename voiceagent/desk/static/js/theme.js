// The colour scheme: system, light or dark.
//
// In: localStorage "theme". Out: data-theme on the root element; a click on any element with
// data-theme-toggle goes to the next one. A classic script in the head, not a module, so that the
// page is never painted in the wrong colours first.
(() => {
  const order = ["system", "light", "dark"];
  /** @type {Record<string, string>} */
  const names = { system: "as the system", light: "light", dark: "dark" };

  /** @returns {string} */
  function stored() {
    try {
      const value = localStorage.getItem("theme") ?? "";
      return order.includes(value) ? value : "system";
    } catch {
      return "system"; // storage may be forbidden; the system's choice is a good one
    }
  }

  let theme = stored();

  function apply() {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-toggle]")) label(button);
  }

  /** @param {Element} button */
  function label(button) {
    const text = `Colours: ${names[theme]}`;
    button.setAttribute("aria-label", `${text}. Change`);
    button.setAttribute("title", text);
  }

  apply();
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-theme-toggle]");
    if (!button) return;
    theme = order[(order.indexOf(theme) + 1) % order.length];
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // not remembered, but applied
    }
    apply();
  });
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("theme-button-added", apply);
})();
