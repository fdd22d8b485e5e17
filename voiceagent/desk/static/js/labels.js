// The words for the API's values, in one place. In: a value such as "hand_over". Out: a label.

/** @type {Record<string, string>} */
export const OUTCOMES = {
  resolved: "Resolved",
  handed_over: "Handed over",
  callback_booked: "Callback booked",
  do_not_call: "Do not call",
  caller_hung_up: "Caller hung up",
  not_reached: "Not reached",
  failed: "Failed",
};

/** @type {Record<string, string>} */
export const HANDOFF_OUTCOMES = {
  bridged: "Talked to a person",
  returned_to_ai: "Sent back to the assistant",
  declined: "Declined",
  busy: "Busy",
  no_answer: "No answer",
  agent_voicemail: "Colleague's voicemail",
  agent_lost: "Colleague's line lost",
  trunk_fault: "Telephone line fault",
  nobody_free: "Nobody free",
  caller_cancelled: "Caller stayed with the assistant",
  callback_chosen: "Caller chose a callback",
  caller_hung_up: "Caller hung up",
};

/** @type {Record<string, string>} */
export const HANDOFF_STATES = {
  proposed: "Decided",
  announced: "Caller told",
  seeking: "Looking for somebody",
  ringing: "Ringing",
  briefing: "Briefing",
  bridging: "Connecting",
  bridged: "Talking",
  fallback: "Nobody could be had",
  returned_to_ai: "Back with the assistant",
  finished: "Finished",
  failed: "Over without a person",
};

/** @type {Record<string, string>} */
export const CALL_STATES = {
  connecting: "Dialling",
  answering: "Answered",
  disclosed: "Told it is an AI",
  talking: "With the assistant",
  holding: "On hold",
  bridged: "With a person",
  wrapping_up: "Ending",
  ended: "Ended",
};

/** @type {Record<string, string>} */
export const STAGES = {
  connecting: "Connecting",
  briefing: "You are being briefed",
  bridged: "Talking",
  on_hold: "On hold",
  ended: "Ended",
};

/** @type {Record<string, string>} */
export const ACTIONS = {
  continue: "Continue",
  offer_person: "Offer a person",
  hand_over: "Hand over",
  end: "End the call",
};

/** @type {Record<string, string>} */
export const TRIGGERS = {
  asked_for_person: "Asked for a person",
  key_zero: "Pressed 0",
  legal: "Mentions legal or public steps",
  leaving: "Threatens to leave",
  vulnerable: "In a difficult situation",
  contradiction: "Accounts differ",
  misunderstanding: "Repeated misunderstanding",
  anger: "Angry words",
  frustration: "Frustrated",
  voice: "Agitated voice",
  no_progress: "No progress",
  tool_failed: "A system failed",
  second_opinion: "Second opinion: a person is needed",
  language_model_failed: "The assistant failed",
  do_not_call: "Wants no more calls",
};

/** @type {Record<string, string>} */
export const REPAIRS = {
  none: "",
  slow_down: "speaks more slowly",
  confirm: "checks what it understood",
  spell_or_key: "asks to spell or key in",
};

/** @type {Record<string, string>} */
export const AVAILABILITY = {
  available: "Available",
  paused: "Paused",
  wrap_up: "Wrapping up",
  offline: "Off",
};

/** @type {Record<string, string>} */
export const DISPOSITIONS = {
  resolved: "Resolved",
  follow_up: "Follow-up needed",
  escalated: "Escalated",
  wrong_number: "Wrong number",
  do_not_call: "Do not call again",
  other: "Other",
};

/** @type {Record<string, string>} */
export const PROMPT_KINDS = {
  playbook: "Playbooks",
  phrases: "Fixed phrases",
  guidance: "Guidance",
  persona: "Persona",
  examples: "Examples",
  questions: "Questions",
  supervisor: "Supervisor",
  knowledge: "Knowledge",
  hold: "Hold",
  summary: "Packet and summary",
};

/** @type {Record<string, string>} */
export const RING_RESULTS = {
  accept: "accepted",
  declined: "declined",
  busy: "was busy",
  no_answer: "did not answer",
  agent_voicemail: "had voicemail",
  agent_lost: "lost the line",
  trunk_fault: "could not be reached",
  withdrawn: "is no longer rung",
};

const TONES = {
  resolved: "good", handed_over: "human", callback_booked: "accent", do_not_call: "bad",
  caller_hung_up: "warn", not_reached: "", failed: "bad",
  bridged: "human", returned_to_ai: "accent", holding: "warn", talking: "accent",
  hand_over: "bad", offer_person: "warn", end: "bad",
  available: "good", paused: "warn", wrap_up: "accent",
};

/** The badge class a value is shown with. @param {string | null | undefined} value */
export function tone(value) {
  return (value && /** @type {Record<string, string>} */ (TONES)[value]) ?? "";
}

/** A label from a table; an unknown value is shown readably, never dropped. @param {Record<string, string>} table @param {string | null | undefined} value */
export function label(table, value) {
  if (!value) return "–";
  return table[value] ?? value.replaceAll("_", " ");
}
