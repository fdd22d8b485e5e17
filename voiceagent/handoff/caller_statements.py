"""What of the caller's own words a packet quotes: the matter, amounts and days, open questions.

In: a call's reading. Out: sentences with their place in the call, word for word. Greetings, the
postal code and the wish for a person are passed over: they say nothing of the matter. Where no
record tells more, what the agent said is quoted too, as theirs and unverified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from rapidfuzz import fuzz

from voiceagent.domain.packet import Claim
from voiceagent.domain.spoken_amounts import amounts
from voiceagent.domain.spoken_dates import dates
from voiceagent.domain.spoken_numbers import numbers
from voiceagent.domain.transcript import Citation, Speaker, Turn
from voiceagent.domain.verdict import Action, Contradiction, Trigger, TriggerKind
from voiceagent.handoff.agent_actions import promises, quoted, says_done
from voiceagent.handoff.call_reading import CallReading
from voiceagent.handoff.packet_gist import matter_score, substance, tells_something
from voiceagent.handoff.sentences import Sentence, is_question, sentences_of

STATEMENTS_KEPT = 8
HELPER_STATEMENTS_KEPT = 6
EARLY_TURNS = 6
"""How many of the caller's turns the matter is looked for in."""
SAME_QUESTION = 80.0
"""From this likeness (0..100) on, two questions are one asked again."""
SOME_DAY = date(2000, 1, 1)
"""What days without a year are near to where no record tells."""
_UNHEARD_BELOW = 0.3
_VALUE = re.compile(r"\d|#[\w-]+#|\S@\S")
_IDLE = re.compile(
    r"^\W*(?:(?:yes|no|yeah|hi|hello|good (?:morning|evening|afternoon)|this is|speaking|thank you|"
    r"thanks|very much|so much|okay|ok|sure|please|ja|nein|hallo|guten (?:tag|morgen|abend)|vielen|"
    r"danke|bitte|"
    r"am apparat|hier ist)\b\W*)+",
    re.IGNORECASE,
)
_POSTAL = re.compile(r"\b(?:zip|postal|post ?code|postleitzahl|plz)\b", re.IGNORECASE)


def main_statement(reading: CallReading, triggers: Iterable[Trigger]) -> Sentence | None:
    """The caller's sentence that tells best what the call is about.

    What the supervisor cited for a contradiction goes first, then for a threat; else the longest
    of the first sentences after the caller was identified, passing over greetings, the postal
    code and the wish for a person.
    """
    by_number = {t.number: t for t in reading.caller_turns}
    every = [t for v in reversed(reading.verdicts) for t in v.triggers]
    borne_out = [t for t in every if t.contradiction and t.contradiction.supports_caller]
    for trigger in (*borne_out, *triggers):
        if trigger.kind in (TriggerKind.CONTRADICTION, TriggerKind.LEGAL):
            for citation in reversed(trigger.citations):
                if citation.turn in by_number and citation.quote:
                    if trigger.kind is TriggerKind.LEGAL and _longest(reading):
                        break
                    return Sentence(by_number[citation.turn], citation)
    return _longest(reading)


def _longest(reading: CallReading) -> Sentence | None:
    after = max(reading.identity_turns, default=0)
    turns = [t for t in reading.caller_turns if t.number not in reading.wish_turns]
    late = [t for t in turns if t.number > after][:EARLY_TURNS]
    barred = {
        (c.turn, c.quote)
        for verdict in reading.verdicts
        for t in verdict.triggers
        if t.kind in (TriggerKind.ASKED_FOR_PERSON, TriggerKind.DO_NOT_CALL)
        for c in t.citations
    }
    for some in (late, turns[:EARLY_TURNS]):
        candidates = [
            sentence
            for turn in some
            if turn.confidence >= _UNHEARD_BELOW
            for sentence in sentences_of(turn)
            if not _gives_postal_code(sentence.text, reading)
            and (turn.number, sentence.text) not in barred
            and len(_IDLE.sub("", sentence.text).split()) >= 3
        ]
        if candidates:
            places = {t.number: place for place, t in enumerate(some)}
            return max(candidates, key=lambda s: matter_score(s, places[s.turn.number]))
    return None


def _gives_postal_code(text: str, reading: CallReading) -> bool:
    code = reading.record.customer.postal_code if reading.record else ""
    digits = re.sub(r"\D", "", text)
    said = {str(n.value) for n in numbers(text, reading.language)}
    known = bool(code) and (re.sub(r"\D", "", code) in digits or code.lstrip("0") in said)
    return known or bool(_POSTAL.search(text))


def caller_statements(
    reading: CallReading, main: Sentence | None, contradictions: Sequence[Contradiction]
) -> tuple[Claim, ...]:
    """What the caller stated: the matter, every sentence with a value in it, what they added on
    hold. Where there is more than fits, amounts and days go before other values."""
    borne_out = [c.said for c in contradictions if c.supports_caller]
    weighed: dict[str, tuple[int, Citation]] = {}
    if main is not None:
        weighed[main.text] = (0, main.citation)
    for turn in reading.caller_turns:
        for sentence in sentences_of(turn):
            weight = _weight(sentence, reading)
            if weight is not None and not _gives_postal_code(sentence.text, reading):
                weighed.setdefault(sentence.text, (weight, sentence.citation))
    first = sorted(weighed.values(), key=lambda w: (w[0], w[1].turn, w[1].at_ms))
    kept = sorted((c for _, c in first[:STATEMENTS_KEPT]), key=lambda c: (c.turn, c.at_ms))
    return tuple(
        Claim(f'"{c.quote}"', "caller", any(c.quote in said for said in borne_out), c) for c in kept
    )


def _weight(sentence: Sentence, reading: CallReading) -> int | None:
    """How readily a statement is kept, 0 first; None: not at all."""
    today = reading.record.newest_day if reading.record else SOME_DAY
    text = sentence.text
    if sentence.turn.number in reading.hold_turns:
        return 0 if len(_IDLE.sub("", text).split()) >= 2 else None
    if amounts(text, reading.language, "") or dates(text, reading.language, today):
        return 1
    if reading.record is None and (_VALUE.search(text) or numbers(text, reading.language)):
        return 2
    if reading.record is None and substance(text) >= 4:
        return 3
    return None


def helper_statements(reading: CallReading) -> tuple[Claim, ...]:
    """What a human said after the bridge; and what the agent said, where no record is known."""
    heard = [
        t
        for t in reading.turns
        if t.speaker is Speaker.HUMAN or (t.speaker is Speaker.AGENT and reading.record is None)
    ]
    found = [
        s
        for turn in heard
        for s in sentences_of(turn)
        if not s.text.endswith("?")
        and not promises(s.text, turn.language)
        and not says_done(s.text)
        and (_VALUE.search(s.text) or tells_something(s.text))
    ]
    weight = {id(s): (not _VALUE.search(s.text), n) for n, s in enumerate(found)}
    kept = sorted(found, key=lambda s: weight[id(s)])[:HELPER_STATEMENTS_KEPT]
    said = tuple(quoted(s) for s in sorted(kept, key=lambda s: weight[id(s)][1]))
    sent_back = (
        Claim(reading.wording.text("instruction", text=s.instruction), "human", verified=False)
        for s in reading.sent_back
        if s.instruction
    )
    return (*said, *sent_back)


def open_questions(reading: CallReading) -> tuple[Claim, ...]:
    """Questions of the caller that no turn of the agent followed up before the handover.

    An announcement of the handover answers nothing, nor does a reply cut off after a few words.
    """
    for_person = {
        c.turn
        for v in reading.verdicts
        for t in v.triggers
        if t.kind is TriggerKind.ASKED_FOR_PERSON
        for c in t.citations
    }
    handed_over = {v.turn for v in reading.verdicts if v.action is Action.HAND_OVER}
    unanswered: list[Sentence] = []
    for at, turn in enumerate(reading.turns):
        if turn.speaker is not Speaker.CALLER or turn.number in for_person:
            continue
        asked = [s for s in sentences_of(turn) if is_question(s.text)]
        asked = [s for s in asked if len(s.text.split()) >= 3]
        # Asked again: only the last time counts.
        unanswered = [
            u
            for u in unanswered
            if all(fuzz.token_sort_ratio(u.text, s.text) < SAME_QUESTION for s in asked)
        ]
        if turn.number in handed_over or not _answered(reading.turns[at + 1 :]):
            unanswered += asked
    return tuple(
        Claim(f'"{s.text}"', "caller", verified=False, citation=s.citation) for s in unanswered
    )


def _answered(following: Sequence[Turn]) -> bool:
    for turn in following:
        if turn.speaker is Speaker.CALLER:
            return False
        if not (turn.interrupted and len(turn.text.split()) < 5):
            return True
    return False
