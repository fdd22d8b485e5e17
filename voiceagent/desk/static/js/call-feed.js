// One call as it happens. In: a call's id. Out: transcript, verdicts and packet that keep
// themselves up to date from the call's stream, and the sound of a turn on request.

import { get, query } from "./api.js";
import { h } from "./dom.js";
import { renderPacket } from "./packet.js";
import { openStream } from "./stream.js";
import { tellError } from "./toast.js";
import { Transcript } from "./transcript.js";
import { VerdictTimeline } from "./verdicts.js";

const TOKEN_GOOD_MS = 8 * 60_000;
const AROUND_MS = 150;

/** Events: "call" when the call's row is known, "end" when the call is over. */
export class CallFeed extends EventTarget {
  /**
   * @param {string} callId
   * @param {{caller?: string, human?: string, packet?: any, onState?: (state: import("./stream.js").StreamState) => void, verdicts?: VerdictTimeline}} [options]
   */
  constructor(callId, { caller, human, packet = null, onState, verdicts } = {}) {
    super();
    this.callId = callId;
    /** @type {any} */
    this.call = null;
    /** @type {any} */
    this.packet = null;
    /** @type {any} */
    this.outcome = null;
    this.token = { value: "", at: -Infinity };
    this.audio = new Audio();
    this.transcript = new Transcript({ caller, human, onHear: (turn) => this.hear(turn) });
    this.onCite = (/** @type {number} */ turn) => this.transcript.show(turn);
    this.verdicts = verdicts ?? new VerdictTimeline({ onCite: this.onCite });
    this.packetElement = h("div", {}, h("p", { class: "muted" }, "The packet is being written."));
    this.usePacket(packet);
    this.stream = openStream(`/api/calls/${encodeURIComponent(callId)}/stream`, {
      snapshot: (data) => this.#restart(data),
      event: (event) => this.#apply(event),
      end: ({ outcome }) => {
        this.outcome = outcome;
        this.stream.close();
        this.dispatchEvent(new Event("end"));
      },
    }, onState);
  }

  /** Show a packet unless a newer one is shown. @param {any} packet */
  usePacket(packet) {
    if (!packet || (this.packet && packet.version <= this.packet.version)) return;
    this.packet = packet;
    this.packetElement.replaceChildren(renderPacket(packet, { onCite: this.onCite }));
  }

  /** Play one turn of the running call. @param {any} turn */
  async hear(turn) {
    try {
      if (performance.now() - this.token.at > TOKEN_GOOD_MS) {
        const { media_token: value } = await get(`/api/calls/${encodeURIComponent(this.callId)}`);
        this.token = { value: value ?? "", at: performance.now() };
      }
      const range = { from_ms: Math.max(0, turn.start_ms - AROUND_MS), to_ms: turn.end_ms + AROUND_MS, token: this.token.value };
      this.audio.src = `/api/calls/${encodeURIComponent(this.callId)}/audio${query(range)}`;
      this.transcript.playing(turn.number);
      this.audio.onended = () => this.transcript.playing(null);
      await this.audio.play();
    } catch (error) {
      this.transcript.playing(null);
      tellError(error instanceof DOMException
        ? { problem: "This turn cannot be heard now.", remedy: "Its sound may not be written yet; try again in a moment." }
        : error);
    }
  }

  close() {
    this.stream.close();
    this.audio.pause();
    this.audio.removeAttribute("src");
  }

  /** @param {{call: any, packet: any, events: any[]}} snapshot */
  #restart({ call, packet, events }) {
    this.call = call;
    this.transcript.clear();
    this.verdicts.clear();
    this.usePacket(packet);
    for (const event of events) this.#apply(event);
    this.transcript.toEnd();
    this.dispatchEvent(new Event("call"));
  }

  /** @param {any} event */
  #apply(event) {
    this.transcript.apply(event);
    this.verdicts.apply(event);
    if (event.kind === "packet_written") this.usePacket(event.packet);
    this.dispatchEvent(new CustomEvent("log", { detail: event }));
  }
}
