// Ringing: a sound, the page's title, and a notification where the person allowed it.
// In: who calls and why. Out: noise until stop().

const PATTERN_S = 3;
const FLASH_MS = 1_000;

/** Ask once, on a click, whether notifications may be shown. */
export function allowNotifications() {
  if ("Notification" in window && Notification.permission === "default") Notification.requestPermission().catch(() => {});
}

export class Ring {
  constructor() {
    /** @type {AudioContext | null} */
    this.context = null;
    this.sounding = 0;
    this.flashing = 0;
    this.title = document.title;
    /** @type {Notification | null} */
    this.notification = null;
  }

  /** @param {{name: string, matter: string}} caller */
  start({ name, matter }) {
    this.stop();
    this.title = document.title;
    const ringing = `${name} is calling`;
    document.title = ringing;
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.flashing = window.setInterval(() => {
        document.title = document.title === ringing ? this.title : ringing;
      }, FLASH_MS);
    }
    this.#sound();
    this.sounding = window.setInterval(() => this.#sound(), PATTERN_S * 1000);
    if (document.hidden && "Notification" in window && Notification.permission === "granted") {
      this.notification = new Notification(ringing, { body: matter, tag: "ring", requireInteraction: true });
      this.notification.onclick = () => window.focus();
    }
  }

  stop() {
    clearInterval(this.sounding);
    clearInterval(this.flashing);
    this.sounding = 0;
    this.flashing = 0;
    if (this.context) document.title = this.title;
    this.context?.close().catch(() => {});
    this.context = null;
    this.notification?.close();
    this.notification = null;
  }

  /** Two short chords, soft at the edges. */
  #sound() {
    this.context ??= new AudioContext();
    const context = this.context;
    context.resume().catch(() => {});
    for (const start of [0.05, 0.75]) {
      const at = context.currentTime + start;
      const gain = context.createGain();
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(0.14, at + 0.04);
      gain.gain.setValueAtTime(0.14, at + 0.38);
      gain.gain.exponentialRampToValueAtTime(0.001, at + 0.55);
      gain.connect(context.destination);
      for (const frequency of [587.33, 880]) {
        const tone = new OscillatorNode(context, { frequency });
        tone.connect(gain);
        tone.start(at);
        tone.stop(at + 0.6);
      }
    }
  }
}
