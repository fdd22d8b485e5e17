// The recording, tied to its transcript. In: where to get sound and peaks, the turns. Out: a player
// whose waveform seeks (caller above, agent below), that says which turn plays, and shortcuts.

import { button, h, icon, svg } from "./dom.js";
import { duration, durationWords } from "./format.js";
import { tellError } from "./toast.js";

const SPEEDS = [1, 1.25, 1.5, 2];
const STEP_S = 5;
const COLUMNS = 480;
const REFRESH_PAUSE_MS = 20_000;

/** Events: "turn" with the number of the turn that plays, or null. */
export class Player extends EventTarget {
  /**
   * @param {{turns: any[], durationMs: number, source: () => Promise<string>, marks?: {at_ms: number, text: string, kind: string}[]}} options
   *   source: a fresh address of the recording, since addresses expire
   */
  constructor({ turns, durationMs, source, marks = [] }) {
    super();
    this.turns = [...turns].sort((one, other) => one.start_ms - other.start_ms);
    this.durationMs = Math.max(1, durationMs);
    this.source = source;
    this.refreshedAt = -Infinity;
    this.loading = false;
    /** @type {number | null} */
    this.turn = null;
    this.stopAtMs = Infinity;
    this.frame = 0;
    this.audio = h("audio", { preload: "metadata" });
    this.playButton = button("Play", { icon: "play", kind: "primary", key: "Space", class: "button primary play", onClick: () => this.toggle() });
    this.time = h("span", { class: "number time" });
    this.speeds = SPEEDS.map((speed) => button(`${speed}×`, { "aria-label": `Speed ${speed}`, "aria-pressed": String(speed === 1), onClick: () => this.setSpeed(speed) }));
    this.seek = h("input", { type: "range", min: 0, max: Math.ceil(this.durationMs / 1000), step: 1, value: 0, "aria-label": "Position in the recording",
      on: { input: () => this.to(Number(this.seek.value) * 1000) } });
    this.rest = svg("g", { class: "rest" });
    this.played = svg("g", { class: "played" });
    this.clip = svg("rect", { x: 0, y: 0, width: 0, height: 100 });
    this.wave = svg("svg", { class: "wave", viewBox: `0 0 ${COLUMNS} 100`, preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("clipPath", { id: "played-part" }, this.clip),
      svg("path", { class: "middle", d: `M0 50H${COLUMNS}` }),
      this.rest, svg("g", { "clip-path": "url(#played-part)" }, this.played),
      marks.map(({ at_ms: at, kind }) => svg("path", { class: `verdict-mark ${kind}`, d: `M${this.#x(at)} 0V100` })));
    this.element = h("section", { class: "panel player", "aria-label": "Recording" },
      h("div", { class: "row controls" }, this.playButton, this.time,
        h("div", { class: "segments speeds", role: "group", "aria-label": "Speed" }, this.speeds),
        h("p", { class: "muted legend" }, h("span", { class: "key caller" }), "Caller", h("span", { class: "key agent" }), "Assistant or colleague")),
      h("div", { class: "wave-box" }, this.wave, this.seek), this.audio);
    for (const type of ["play", "pause", "ended"]) this.audio.addEventListener(type, () => this.#showPlaying());
    this.audio.addEventListener("timeupdate", () => this.#showTime());
    this.audio.addEventListener("seeked", () => this.#showTime());
    this.audio.addEventListener("error", () => this.#refresh());
    this.#showTime();
  }

  /** @returns {import("./shortcuts.js").Shortcut[]} */
  get shortcuts() {
    return [
      { key: "Space", name: "Play or pause", run: () => this.toggle() },
      { key: "J", name: `Back ${STEP_S} s`, run: () => this.to(this.nowMs - STEP_S * 1000) },
      { key: "L", name: `Forward ${STEP_S} s`, run: () => this.to(this.nowMs + STEP_S * 1000) },
      { key: ",", name: "Turn before", run: () => this.#neighbour(-1) },
      { key: ".", name: "Turn after", run: () => this.#neighbour(1) },
      { key: "S", name: "Faster, then from 1× again", run: () => this.setSpeed(SPEEDS[(SPEEDS.indexOf(this.audio.playbackRate) + 1) % SPEEDS.length]) },
    ];
  }

  get nowMs() {
    return this.audio.currentTime * 1000;
  }

  /** Draw the peaks of both channels. @param {{bucket_ms: number, caller: number[], agent: number[]}} peaks */
  draw({ bucket_ms: bucket, caller, agent }) {
    for (const group of [this.rest, this.played]) {
      group.replaceChildren(
        svg("path", { class: "caller", d: columns(caller, bucket, this.durationMs, -1) }),
        svg("path", { class: "agent", d: columns(agent, bucket, this.durationMs, 1) }));
    }
  }

  async toggle() {
    if (!this.audio.paused) this.audio.pause();
    else await this.play();
  }

  async play() {
    try {
      if (!this.audio.src) await this.#load(0);
      await this.audio.play();
    } catch (error) {
      if (/** @type {any} */ (error).problem) tellError(error);
    }
  }

  /** Play one turn from its first sound. @param {any} turn */
  async playTurn(turn) {
    if (!this.audio.src) await this.#load(turn.start_ms / 1000);
    this.to(turn.start_ms);
    await this.play();
  }

  /** @param {number} ms */
  to(ms) {
    const seconds = Math.min(this.durationMs, Math.max(0, ms)) / 1000;
    if (this.audio.src) this.audio.currentTime = seconds;
    else this.#load(seconds).catch(tellError);
    this.#showTime(seconds * 1000);
  }

  /** @param {number} speed */
  setSpeed(speed) {
    this.audio.playbackRate = speed;
    this.audio.defaultPlaybackRate = speed;
    for (const [index, one] of this.speeds.entries()) one.setAttribute("aria-pressed", String(SPEEDS[index] === speed));
  }

  /** @param {number} atSeconds */
  async #load(atSeconds) {
    this.audio.src = await this.source();
    this.audio.currentTime = atSeconds;
  }

  /** The address expires after some minutes: get a new one and go on where it was. */
  async #refresh() {
    const at = this.audio.currentTime;
    if (performance.now() - this.refreshedAt < REFRESH_PAUSE_MS) {
      tellError({ problem: "The recording cannot be played.", remedy: "Reload the page; if it stays so, the file may be gone." });
      return;
    }
    this.refreshedAt = performance.now();
    const playing = !this.playButton.dataset.paused;
    try {
      await this.#load(at);
      if (playing) await this.audio.play();
    } catch (error) {
      tellError(error);
    }
  }

  /** @param {number} step */
  #neighbour(step) {
    const index = this.turns.findIndex((turn) => turn.number === this.turn);
    const later = this.turns.findIndex((turn) => turn.start_ms > this.nowMs);
    const from = index >= 0 ? index : later < 0 ? this.turns.length : later - (step > 0 ? 1 : 0);
    const turn = this.turns[Math.min(this.turns.length - 1, Math.max(0, from + step))];
    if (turn) this.to(turn.start_ms);
  }

  #showPlaying() {
    const playing = !this.audio.paused && !this.audio.ended;
    this.playButton.dataset.paused = playing ? "" : "paused";
    /** @type {HTMLElement} */ (this.playButton.querySelector("span")).textContent = playing ? "Pause" : "Play";
    this.playButton.querySelector("svg")?.replaceWith(icon(playing ? "pause" : "play"));
    cancelAnimationFrame(this.frame);
    const step = () => {
      this.#showTime();
      this.frame = requestAnimationFrame(step);
    };
    if (playing) step();
  }

  /** @param {number} [ms] */
  #showTime(ms = this.nowMs) {
    this.time.textContent = `${duration(ms)} / ${duration(this.durationMs)}`;
    this.clip.setAttribute("width", String(this.#x(ms)));
    this.seek.value = String(Math.round(ms / 1000));
    this.seek.setAttribute("aria-valuetext", `${durationWords(ms)} of ${durationWords(this.durationMs)}`);
    const current = this.turns.findLast((turn) => turn.start_ms <= ms + 20 && ms < turn.end_ms)?.number ?? null;
    if (current === this.turn) return;
    this.turn = current;
    this.dispatchEvent(new CustomEvent("turn", { detail: current }));
  }

  /** @param {number} ms */
  #x(ms) {
    return Number(((ms / this.durationMs) * COLUMNS).toFixed(2));
  }
}

/** Bars from the middle line, as one path. @param {number[]} peaks @param {number} bucket @param {number} durationMs @param {1 | -1} side */
function columns(peaks, bucket, durationMs, side) {
  let path = "";
  for (let column = 0; column < COLUMNS; column += 2) {
    const from = Math.floor(((column / COLUMNS) * durationMs) / bucket);
    const to = Math.max(from + 1, Math.floor((((column + 2) / COLUMNS) * durationMs) / bucket));
    const peak = Math.max(0, ...peaks.slice(from, to));
    if (peak > 0.01) path += `M${column + 0.5} 50v${(side * Math.max(1, peak * 48)).toFixed(1)}`;
  }
  return path;
}
