// Sound to and from the server over WebRTC. In: a microphone stream (or none, to listen only) and
// how to post an offer. Out: the far end in an audio element, and the line's state.
//
// Non-trickle (RFC 8829 without RFC 8838): candidates are gathered for at most two seconds, then
// the offer goes in one request. A line that breaks is opened anew, since every new offer replaces
// the old one.

const GATHERING_MS = 2_000;
const DISCONNECTED_MS = 2_500;
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000];
/** A line that comes up and breaks at once, again and again, is being replaced by another one. */
const SOON_MS = 10_000;
const SOON_TIMES = 4;

/**
 * @typedef {"none" | "connecting" | "up" | "lost"} LineState
 * @typedef {{sdp: string, type: "offer"}} Offer
 * @typedef {{iceServers: RTCIceServer[], audio: HTMLAudioElement, send: (offer: Offer) => Promise<any>, reopens?: boolean}} LineOptions
 *   send: posts the offer and gives the server's answer; reopens: try again when it breaks
 */

/**
 * One line to the server. Events: "state" after every change, "answer" with what the server sent,
 * "blocked" where the browser will not play before the page is clicked, "gave-up" where it keeps
 * breaking as soon as it is up.
 */
export class Line extends EventTarget {
  /** @param {LineOptions} options */
  constructor(options) {
    super();
    this.options = options;
    /** @type {LineState} */
    this.state = "none";
    /** @type {any} */
    this.answer = null;
    /** @type {RTCPeerConnection | null} */
    this.peer = null;
    /** @type {MediaStream | null} */
    this.microphone = null;
    this.muted = false;
    this.attempt = 0;
    this.timer = 0;
    this.upAt = -Infinity;
    this.soon = 0;
  }

  /**
   * Open it, or open it anew. Rejects when the first attempt fails; later ones only tell.
   * @param {MediaStream | null} microphone null: receive only
   */
  async open(microphone) {
    this.microphone = microphone;
    this.attempt = 0;
    this.soon = 0;
    await this.#connect();
  }

  /** Speak on another microphone without a new offer. @param {MediaStream} microphone */
  async useMicrophone(microphone) {
    this.microphone = microphone;
    this.#applyMute();
    const sender = this.peer?.getSenders().find((candidate) => candidate.track?.kind === "audio");
    await sender?.replaceTrack(microphone.getAudioTracks()[0]);
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.muted = muted;
    this.#applyMute();
  }

  /** Play after a click, where the browser asked for one. */
  async play() {
    await this.options.audio.play();
  }

  close() {
    this.#drop();
    this.options.audio.srcObject = null;
    this.#become("none");
  }

  async #connect() {
    this.#drop();
    this.#become(this.attempt === 0 ? "connecting" : "lost");
    const peer = new RTCPeerConnection({ iceServers: this.options.iceServers });
    this.peer = peer;
    const track = this.microphone?.getAudioTracks()[0];
    if (track && this.microphone) {
      this.#applyMute();
      peer.addTrack(track, this.microphone);
    } else {
      peer.addTransceiver("audio", { direction: "recvonly" });
    }
    peer.addEventListener("track", ({ track: far, streams }) => this.#hear(streams[0] ?? new MediaStream([far])));
    peer.addEventListener("connectionstatechange", () => this.#watch(peer));
    try {
      await peer.setLocalDescription();
      await gathered(peer);
      const { sdp } = /** @type {RTCSessionDescription} */ (peer.localDescription);
      const answer = await this.options.send({ sdp, type: "offer" });
      if (this.peer !== peer) return; // closed, or opened anew, meanwhile
      await peer.setRemoteDescription({ type: "answer", sdp: answer.sdp });
      this.answer = answer;
      this.dispatchEvent(new Event("answer"));
    } catch (error) {
      if (this.peer !== peer) return;
      if (this.attempt === 0) {
        this.#drop();
        this.#become("none");
        throw error;
      }
      this.#break(/** @type {any} */ (error).status === 401);
    }
  }

  /** @param {MediaStream} stream */
  #hear(stream) {
    const { audio } = this.options;
    audio.srcObject = stream;
    audio.play().catch((error) => {
      if (error.name === "NotAllowedError") this.dispatchEvent(new Event("blocked"));
    });
  }

  /** @param {RTCPeerConnection} peer */
  #watch(peer) {
    if (this.peer !== peer) return;
    switch (peer.connectionState) {
      case "connected":
        clearTimeout(this.timer);
        this.attempt = 0;
        if (this.state !== "up") this.upAt = performance.now();
        this.#become("up");
        break;
      case "disconnected":
        // It often comes back by itself within a moment.
        this.#become("lost");
        clearTimeout(this.timer);
        this.timer = window.setTimeout(() => this.#break(), DISCONNECTED_MS);
        break;
      case "failed":
      case "closed":
        this.#break();
        break;
      default:
    }
  }

  /** @param {boolean} [forGood] */
  #break(forGood = false) {
    this.#drop();
    this.#become("lost");
    if (forGood || this.options.reopens === false) return;
    const wasUp = this.upAt > -Infinity;
    if (wasUp) this.soon = performance.now() - this.upAt < SOON_MS ? this.soon + 1 : 0;
    this.upAt = -Infinity;
    if (wasUp && this.soon >= SOON_TIMES) {
      this.close();
      this.dispatchEvent(new Event("gave-up"));
      return;
    }
    const wait = BACKOFF_MS[Math.min(this.attempt, BACKOFF_MS.length - 1)];
    this.attempt += 1;
    this.timer = window.setTimeout(() => this.#connect(), wait);
  }

  #drop() {
    clearTimeout(this.timer);
    const peer = this.peer;
    this.peer = null;
    peer?.close();
  }

  #applyMute() {
    for (const track of this.microphone?.getAudioTracks() ?? []) track.enabled = !this.muted;
  }

  /** @param {LineState} state */
  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}

/** Waits until the candidates are gathered, at most two seconds. @param {RTCPeerConnection} peer @returns {Promise<void>} */
function gathered(peer) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHERING_MS);
    const look = () => {
      if (peer.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      resolve();
    };
    peer.addEventListener("icegatheringstatechange", look);
    look();
  });
}
