"""The handoff packet, read from a call's events.

In: the events of one call so far. Out: the packet a human is given. No model is asked and no
value is rephrased: what people said is quoted, or told in the third person where that is safe, and
amounts, dates, names and numbers are copied. So the packet can be built at any moment, again after
a crash, and always the same.

``call_reading`` sorts the events; ``caller_statements``, ``record_facts`` and ``agent_actions``
give the packet's parts, and ``packet_wording`` puts it in the language of the call.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from voiceagent.domain.events import AnyEvent, LoggedEvent
from voiceagent.domain.packet import Claim, MoodAt, Packet
from voiceagent.domain.verdict import Action, Contradiction, Trigger, TriggerKind, Verdict
from voiceagent.handoff.agent_actions import promises_made, tools_tried
from voiceagent.handoff.call_reading import CallReading
from voiceagent.handoff.caller_statements import (
    caller_statements,
    helper_statements,
    main_statement,
    open_questions,
)
from voiceagent.handoff.packet_gist import helper_account, matter_sentence, summary_sentences
from voiceagent.handoff.record_facts import record_facts
from voiceagent.handoff.sentences import Sentence
from voiceagent.supervisor.signals import cite

MOOD_TURNS = 6
"""How many of the caller's latest verdicts the mood is read from."""


def build_packet(call_id: str, events: Sequence[LoggedEvent | AnyEvent], version: int) -> Packet:
    """The packet as the events support it now.

    Args:
        call_id: the call the events belong to.
        events: all events of the call so far, in order, with or without their envelope.
        version: what the packet counts itself as; nothing else depends on it.
    """
    reading = read_call(events)
    record = reading.record
    triggers = _deciding_triggers(reading.verdicts)
    contradictions = _contradictions(reading.verdicts)
    main = main_statement(reading, triggers)
    contradiction = _main_contradiction(triggers, contradictions, main)
    matter = _matter(reading, main, contradiction)
    mood = _mood(reading.verdicts)
    placed = reading.placed
    # Where there is a record, the packet's facts tell what was found and done more exactly.
    account = () if record is not None else helper_account(reading)
    return Packet(
        version=version,
        call_id=call_id,
        customer_name=record.customer.name if record else "",
        account_id=record.customer.id if record else (placed.account_id if placed else ""),
        phone=record.customer.phone if record else "",
        identity_verified=reading.verified,
        language=reading.language,
        why_called=(placed.reason if placed else "") or (record.callback_reason if record else ""),
        matter=matter,
        triggers=triggers,
        facts=record_facts(reading, contradictions)
        + caller_statements(reading, main, contradictions)
        + helper_statements(reading),
        contradictions=contradictions,
        tried=tools_tried(reading),
        promises=promises_made(reading),
        open_questions=open_questions(reading),
        do_not_ask_again=_known(reading, main),
        mood=mood,
        mood_over_time=_mood_over_time(reading),
        summary=summary_of(reading, matter, account, mood, triggers),
    )


def read_call(events: Iterable[LoggedEvent | AnyEvent]) -> CallReading:
    """The events sorted; the log's envelope, where there is one, tells when turns were said."""
    reading = CallReading()
    for event in events:
        if isinstance(event, LoggedEvent):
            reading.take(event.event, event.recorded_at)
        else:
            reading.take(event)
    return reading


def records_tail(reading: CallReading) -> str:
    """What the matter ends with where accounts differ: the records' side; else empty."""
    triggers = _deciding_triggers(reading.verdicts)
    main = main_statement(reading, triggers)
    found = _main_contradiction(triggers, _contradictions(reading.verdicts), main)
    return records_say(found, reading) if found is not None else ""


def _deciding_triggers(verdicts: Sequence[Verdict]) -> tuple[Trigger, ...]:
    for wanted in (Action.HAND_OVER, Action.END, Action.OFFER_PERSON):
        for verdict in reversed(verdicts):
            if verdict.action is wanted and verdict.triggers:
                return verdict.triggers
    return ()


def _contradictions(verdicts: Iterable[Verdict]) -> tuple[Contradiction, ...]:
    """Each once, as last put; those the record bears out first."""
    latest = {
        (t.contradiction.about, t.contradiction.supports_caller): t.contradiction
        for verdict in verdicts
        for t in verdict.triggers
        if t.contradiction is not None
    }
    return tuple(sorted(latest.values(), key=lambda c: not c.supports_caller))


def _main_contradiction(
    triggers: Iterable[Trigger], every: Sequence[Contradiction], main: Sentence | None
) -> Contradiction | None:
    if main is None:
        return None
    mine = [t.contradiction for t in triggers if t.contradiction] + list(every)
    said = [c for c in mine if c.said and (c.said in main.text or main.text in c.said)]
    return next((c for c in said if c.supports_caller), said[0] if said else None)


def _matter(
    reading: CallReading, main: Sentence | None, contradiction: Contradiction | None
) -> str:
    wording = reading.wording
    if main is None:
        return ""
    who = reading.record.customer.name if reading.record else wording.text("caller")
    if contradiction is None:
        said = matter_sentence(reading, main, who)
        return said if said.endswith("?") else f"{said}."
    said = wording.text("says", who=who, quote=main.text.rstrip(" .!;,"))
    return f"{said}; {records_say(contradiction, reading)}."


def records_say(contradiction: Contradiction, reading: CallReading) -> str:
    """The other side of a contradiction: what the records show, or what the agent had said."""
    wording = reading.wording
    records = " / ".join(filter(None, (contradiction.record, contradiction.other_record)))
    if not records:
        return wording.text("agent_said", quote=contradiction.agent_said.rstrip(" .!;,"))
    side = "supported" if contradiction.supports_caller else "against"
    return wording.text(side, record=records)


def _mood_over_time(reading: CallReading) -> tuple[MoodAt, ...]:
    """One point for every turn of the caller that a verdict speaks of; the last verdict counts."""
    at_ms = {t.number: t.start_ms for t in reading.caller_turns}
    latest = {v.turn: v.frustration for v in reading.verdicts if v.turn in at_ms}
    return tuple(MoodAt(turn, at_ms[turn], latest[turn]) for turn in sorted(latest))


def _mood(verdicts: Sequence[Verdict]) -> str:
    recent = [t for v in verdicts[-MOOD_TURNS:] for t in v.triggers]
    anger = {t.citations for t in recent if t.kind is TriggerKind.ANGER}
    if any(t.kind is TriggerKind.ANGER and t.detail == "strong" for t in recent) or len(anger) > 2:
        return "angry"
    if anger:
        return "annoyed"
    if any(t.kind is TriggerKind.LEGAL for t in recent):
        return "firm"
    if any(t.kind is TriggerKind.FRUSTRATION for t in recent):
        return "frustrated"
    confused = {t.citations for t in recent if t.kind is TriggerKind.MISUNDERSTANDING}
    return "impatient" if len(confused) > 1 else "calm"


def _known(reading: CallReading, main: Sentence | None) -> tuple[Claim, ...]:
    """What the caller has given: the matter in their own words, without what the records say."""
    wording, record = reading.wording, reading.record
    known = []
    if record is not None:
        name = wording.text("name", name=record.customer.name)
        known.append(Claim(name, "record", verified=reading.verified))
        if reading.verified and reading.proof is not None:
            proof = reading.proof
            code = wording.text("postal", code=record.customer.postal_code)
            cited = cite(proof, 0, len(proof.text), sentence=False)
            known.append(Claim(code, "confirm_identity", verified=True, citation=cited))
    if main is not None:
        known.append(Claim(f'"{main.text}"', "caller", verified=False, citation=main.citation))
    return tuple(known)


def summary_of(
    reading: CallReading,
    matter: str,
    account: Sequence[str],
    mood: str,
    triggers: Iterable[Trigger],
) -> str:
    """Who, what, what was done, why now: the first and the last only for a call we placed."""
    wording = reading.wording
    sentences = [matter, *account]
    if reading.placed or reading.record:
        who = reading.record.customer.name if reading.record else wording.text("caller")
        proven = wording.text("verified" if reading.verified else "unverified")
        sentences.insert(0, f"{who}, {proven}, {wording.mood(mood)}")
        why = ", ".join(dict.fromkeys(wording.reason(t.kind) for t in triggers))
        sentences.append(wording.text("because", why=why) if why else "")
    return summary_sentences(sentences)
