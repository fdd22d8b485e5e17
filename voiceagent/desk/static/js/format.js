// Times, durations and shares as people read them. In: the API's values. Out: short texts.

const DAY_TIME = new Intl.DateTimeFormat(undefined, {
  day: "numeric", month: "short", hour: "numeric", minute: "2-digit",
});
const FULL = new Intl.DateTimeFormat(undefined, {
  weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "numeric", minute: "2-digit",
});
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });

/** Milliseconds as m:ss or h:mm:ss. @param {number} ms */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const tail = String(seconds % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** Milliseconds in words, for screen readers. @param {number} ms */
export function durationWords(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  return minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/** "27 Nov, 14:02" of an ISO time; a dash for none. @param {string | null | undefined} iso */
export function dayTime(iso) {
  return iso ? DAY_TIME.format(new Date(iso)) : "–";
}

/** With weekday and year. @param {string | null | undefined} iso */
export function fullTime(iso) {
  return iso ? FULL.format(new Date(iso)) : "–";
}

/** "14:02". @param {string | Date} moment */
export function clock(moment) {
  return CLOCK.format(new Date(moment));
}

/** 0..1 as "82 %". @param {number} share */
export function percent(share) {
  return `${Math.round(share * 100)} %`;
}

/** "German" for "de"; the tag itself where it has no name. @param {string} tag */
export function languageName(tag) {
  try {
    return new Intl.DisplayNames("en", { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** "1 call", "2 calls". @param {number} count @param {string} one @param {string} [many] */
export function plural(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}
