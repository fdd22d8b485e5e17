// The agent's own line: microphone, standing WebRTC line, far end. In: settings and the audio
// element. Out: "change" events, and what is wrong in plain words.

import { post, remove } from "./api.js";
import { Line } from "./media.js";
import { LevelMeter, chooseMicrophone, microphoneGranted, openMicrophone, stopMicrophone } from "./microphone.js";
import { tellError, toast } from "./toast.js";

export class DeskLine extends EventTarget {
  /** @param {import("./shell.js").Settings} settings @param {HTMLAudioElement} audio */
  constructor(settings, audio) {
    super();
    /** @type {MediaStream | null} */
    this.microphone = null;
    /** @type {{problem: string, remedy: string} | null} */
    this.trouble = null;
    /** Whether opening was tried: before that a closed line is no news. */
    this.settled = false;
    this.meter = new LevelMeter("Your microphone's level");
    this.line = new Line({ iceServers: settings.ice_servers, audio, send: (offer) => post("/api/desk/media", offer) });
    this.line.addEventListener("state", () => this.#changed());
    this.line.addEventListener("blocked", () => this.#playOnGesture());
    this.line.addEventListener("gave-up", () => this.#elsewhere());
    // There is one line for each person: a second window takes it, and the first must let it go.
    this.windows = new BroadcastChannel("desk-line");
    this.windows.addEventListener("message", () => {
      if (this.line.state !== "none") this.#elsewhere();
    });
  }

  /** @returns {import("./media.js").LineState} */
  get state() {
    return this.line.state;
  }

  get muted() {
    return this.line.muted;
  }

  /** Open the microphone only, to look at its level. @param {string} [deviceId] @returns {Promise<boolean>} */
  async check(deviceId) {
    try {
      const stream = await openMicrophone(deviceId);
      const old = this.microphone;
      this.microphone = stream;
      stream.getAudioTracks()[0].addEventListener("ended", () => this.#unplugged(stream));
      if (this.line.state !== "none") await this.line.useMicrophone(stream);
      stopMicrophone(old);
      this.meter.watch(stream);
      this.trouble = null;
      return true;
    } catch (error) {
      this.trouble = /** @type {any} */ (error);
      return false;
    } finally {
      this.#changed();
    }
  }

  /** @param {string} deviceId */
  async choose(deviceId) {
    chooseMicrophone(deviceId);
    await this.check(deviceId);
  }

  /** Microphone and line; nothing to do where both are there. @returns {Promise<boolean>} */
  async open() {
    try {
      if (!this.microphone && !(await this.check())) return false;
      if (this.line.state === "up" || this.line.state === "connecting") return true;
      await this.line.open(this.microphone);
      this.windows.postMessage("opened");
      return true;
    } catch (error) {
      tellError(error);
      return false;
    } finally {
      this.settled = true;
      this.#changed();
    }
  }

  /** Open it where the browser does not have to ask: after a reload. */
  async reopen() {
    if (this.line.state !== "none") return;
    if (await microphoneGranted()) await this.open();
    else {
      this.settled = true;
      this.trouble = { problem: "Your line is closed: no call can reach you.", remedy: "Check your microphone to open it again." };
      this.#changed();
    }
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.line.mute(muted);
    this.#changed();
  }

  async close() {
    this.line.close();
    this.meter.watch(null);
    stopMicrophone(this.microphone);
    this.microphone = null;
    await remove("/api/desk/media").catch(() => {});
    this.#changed();
  }

  /** @param {MediaStream} stream */
  async #unplugged(stream) {
    if (stream !== this.microphone) return;
    toast("Your microphone was unplugged.", { more: "Trying the system's own.", bad: true });
    await this.check("");
  }

  #playOnGesture() {
    toast("Click anywhere to hear your calls.", { more: "The browser plays no sound before.", bad: true });
    const play = () => this.line.play().catch(() => {});
    document.addEventListener("pointerdown", play, { once: true });
    document.addEventListener("keydown", play, { once: true });
  }

  #elsewhere() {
    this.line.close();
    this.trouble = { problem: "Your line was opened somewhere else.", remedy: "Calls ring there. Choose Available here to bring them back." };
    toast(this.trouble.problem, { more: this.trouble.remedy, bad: true });
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
