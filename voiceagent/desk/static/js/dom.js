// Making elements. In: tag, attributes, children. Out: DOM nodes.
//
// Text only ever becomes text nodes, so nothing that was said in a call can become markup. Styles
// are set through classes or the CSSOM: the content security policy forbids style attributes.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, any>} Attributes `on` holds listeners by event; `data` the dataset;
 *   true sets an empty attribute, false, null and undefined set none.
 */

/**
 * An HTML element.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

/**
 * An SVG element; attributes as for `h`.
 * @param {string} tag
 * @param {Attributes} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  fill(element, attributes, children);
  return element;
}

/**
 * One of the symbols in icons.svg, hidden from screen readers: a label stands beside it.
 * @param {string} name
 */
export function icon(name) {
  return svg(
    "svg",
    { class: "icon", "aria-hidden": "true" },
    svg("use", { href: `/static/icons/icons.svg#${name}` }),
  );
}

/**
 * A button with an icon and, where it has one, its shortcut.
 * @param {string} label
 * @param {{icon?: string, kind?: string, key?: string, iconOnly?: boolean, onClick?: (event: MouseEvent) => void, [attribute: string]: any}} [options]
 */
export function button(label, options = {}) {
  const { icon: symbol, kind = "", key, iconOnly = false, onClick, ...attributes } = options;
  return h(
    "button",
    {
      type: "button",
      class: `button ${kind}${iconOnly ? " icon-only" : ""}`,
      "aria-label": iconOnly ? label : null,
      title: iconOnly ? label : null,
      "aria-keyshortcuts": key,
      on: onClick ? { click: onClick } : {},
      ...attributes,
    },
    symbol && icon(symbol),
    !iconOnly && h("span", {}, label),
    key && h("kbd", { "aria-hidden": "true" }, key),
  );
}

/**
 * What stands where there is nothing to show.
 * @param {string} symbol
 * @param {string} title
 * @param {string} text
 * @param {...Child} more
 */
export function emptyState(symbol, title, text, ...more) {
  return h("div", { class: "empty" }, icon(symbol), h("strong", {}, title), h("p", {}, text), ...more);
}

/**
 * A problem and what to do about it.
 * @param {{problem: string, remedy?: string}} trouble
 * @param {{mild?: boolean, live?: boolean}} [options] live: read out when it appears
 */
export function troubleBox(trouble, { mild = false, live = true } = {}) {
  return h(
    "div",
    { class: `trouble${mild ? " warn" : ""}`, role: live ? "alert" : null },
    icon("warning"),
    h("div", {}, h("strong", {}, trouble.problem), trouble.remedy && h("p", {}, trouble.remedy)),
  );
}

/** @param {Element} element @param {Attributes} attributes @param {(Child | Child[])[]} children */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    } else if (name === "data") {
      for (const [key, text] of Object.entries(value)) {
        if (text !== null && text !== undefined) /** @type {any} */ (element).dataset[key] = text;
      }
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, String(value));
    }
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(typeof child === "number" ? String(child) : child);
    }
  }
}
