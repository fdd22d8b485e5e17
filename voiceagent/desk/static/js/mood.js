// The caller's mood as a line. In: frustration per turn of the caller, 0 calm .. 1. Out: an SVG
// that says in its label what it shows, and the word and colour for one value.

import { svg } from "./dom.js";
import { percent } from "./format.js";

/** Bounds of the words; the middle one is where an offer of a person becomes likely. */
const TENSE = 0.35;
const UPSET = 0.65;

/** @param {number} frustration 0..1 @returns {"calm" | "tense" | "upset"} */
export function moodWord(frustration) {
  if (frustration >= UPSET) return "upset";
  return frustration >= TENSE ? "tense" : "calm";
}

/**
 * @param {number[]} values frustration by turn, oldest first
 * @param {{spark?: boolean}} [options] spark: small, for a table
 * @returns {SVGElement}
 */
export function moodLine(values, { spark = false } = {}) {
  const last = values.at(-1) ?? 0;
  const word = moodWord(last);
  const [width, height] = [100, 40];
  const x = (/** @type {number} */ index) => (values.length > 1 ? (index / (values.length - 1)) * width : width);
  const y = (/** @type {number} */ value) => height - 2 - value * (height - 4);
  const points = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`);
  if (points.length === 1) points.unshift(`0,${y(last).toFixed(1)}`);
  const label = values.length
    ? `Mood over ${values.length} turns of the caller: from ${moodWord(values[0])} (${percent(values[0])} frustrated) `
      + `to ${word} (${percent(last)}), at most ${percent(Math.max(...values))}`
    : "No mood yet";
  return svg(
    "svg",
    {
      class: `mood mood-${word}${spark ? " spark" : ""}`,
      viewBox: `0 0 ${width} ${height}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": label,
    },
    !spark && svg("path", { class: "guide", d: `M0 ${y(TENSE)}H${width}M0 ${y(UPSET)}H${width}` }),
    points.length > 0 && svg("path", { class: "area", d: `M0 ${height}L${points.join("L")}L${width} ${height}Z` }),
    points.length > 0 && svg("path", { class: "path", d: `M${points.join("L")}` }),
    points.length > 0 && svg("path", { class: "now", d: `M${points.at(-1)}h0.01` }),
  );
}
