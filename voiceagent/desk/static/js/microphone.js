// The microphone before it goes anywhere. In: a chosen device. Out: a MediaStream, its level, and
// for every way the browser may refuse a problem with what to do about it.

import { h } from "./dom.js";

const DEVICE = "microphone";

/**
 * @param {string} [deviceId] default: the one chosen before, else the system's
 * @returns {Promise<MediaStream>}
 * @throws {{problem: string, remedy: string, code: string}}
 */
export async function openMicrophone(deviceId = chosenMicrophone()) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw trouble("insecure", "This browser gives no microphone to this page.",
      "Open the page over https (or as localhost) in a current browser.");
  }
  const sound = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  try {
    try {
      return await navigator.mediaDevices.getUserMedia({
        audio: deviceId ? { ...sound, deviceId: { exact: deviceId } } : sound,
      });
    } catch (error) {
      if (!deviceId || !["OverconstrainedError", "NotFoundError"].includes(/** @type {any} */ (error).name)) throw error;
      chooseMicrophone(""); // it was unplugged: the system's own is better than none
      return await navigator.mediaDevices.getUserMedia({ audio: sound });
    }
  } catch (error) {
    throw explain(/** @type {DOMException} */ (error));
  }
}

/** The microphones there are; labelled once one was opened. @returns {Promise<{id: string, label: string}[]>} */
export async function listMicrophones() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices
    .filter((device) => device.kind === "audioinput" && device.deviceId !== "")
    .map((device, index) => ({ id: device.deviceId, label: device.label || `Microphone ${index + 1}` }));
}

/** @returns {string} the remembered device, or empty */
export function chosenMicrophone() {
  try {
    return localStorage.getItem(DEVICE) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} id empty: the system's */
export function chooseMicrophone(id) {
  try {
    if (id) localStorage.setItem(DEVICE, id);
    else localStorage.removeItem(DEVICE);
  } catch {
    // not remembered
  }
}

/** Whether the browser would open it without asking. @returns {Promise<boolean>} */
export async function microphoneGranted() {
  try {
    const name = /** @type {any} */ ("microphone");
    return (await navigator.permissions.query({ name })).state === "granted";
  } catch {
    return false;
  }
}

/** @param {MediaStream | null} stream */
export function stopMicrophone(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** A bar that shows how loud a stream is, twenty times a second. */
export class LevelMeter {
  /** @param {string} label */
  constructor(label) {
    this.bar = h("span");
    this.element = h("div", {
      class: "level", role: "meter", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0,
    }, this.bar);
    /** @type {AudioContext | null} */
    this.context = null;
    this.timer = 0;
  }

  /** @param {MediaStream | null} stream null: nothing to show */
  watch(stream) {
    clearInterval(this.timer);
    this.context?.close();
    this.context = null;
    this.show(0);
    if (!stream) return;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let shown = 0;
    let ticks = 0;
    let loudest = 0; // of the last half second: what a screen reader is told
    this.context = context;
    this.timer = window.setInterval(() => {
      if (context.state === "suspended") context.resume().catch(() => {});
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      // From -60 dB (a quiet room) to -10 dB (loud speech); falls slower than it rises.
      const level = Math.min(1, Math.max(0, (10 * Math.log10(power + 1e-9) + 60) / 50));
      shown = Math.max(level, shown * 0.85);
      this.bar.style.clipPath = `inset(0 ${(1 - shown) * 100}% 0 0)`;
      ticks += 1;
      loudest = Math.max(loudest, shown);
      if (ticks % 10) return;
      this.element.setAttribute("aria-valuenow", String(Math.round(loudest * 100)));
      loudest = 0;
    }, 50);
  }

  /** @param {number} share 0..1 */
  show(share) {
    this.bar.style.clipPath = `inset(0 ${(1 - share) * 100}% 0 0)`;
    this.element.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  }
}

/** Two soft notes, so that people hear which speaker or headset is in use. */
export async function playTestTone() {
  const context = new AudioContext();
  await context.resume();
  for (const [index, pitch] of [523.25, 659.25].entries()) {
    const at = context.currentTime + 0.05 + index * 0.35;
    const gain = context.createGain();
    const tone = new OscillatorNode(context, { frequency: pitch });
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.2, at + 0.03);
    gain.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
    tone.connect(gain).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.55);
  }
  setTimeout(() => context.close(), 1500);
}

/** @param {DOMException} error */
function explain(error) {
  switch (error.name) {
    case "NotAllowedError":
      return trouble("denied", "The browser does not let this page use the microphone.",
        "Click the microphone or lock symbol in the address bar, allow the microphone, and try again. "
        + "If it was already allowed, look whether the system's privacy settings let the browser use it.");
    case "NotFoundError":
      return trouble("none", "No microphone was found.", "Plug in a headset and try again.");
    case "NotReadableError":
      return trouble("busy", "The microphone is in use or does not answer.",
        "Close other programs that use it, or unplug it and plug it in again.");
    default:
      return trouble("failed", "The microphone could not be opened.", `The browser says: ${error.message || error.name}`);
  }
}

/** @param {string} code @param {string} problem @param {string} remedy */
function trouble(code, problem, remedy) {
  return Object.assign(new Error(problem), { code, problem, remedy });
}
