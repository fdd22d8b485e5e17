"""The handoff packet, read from a call's events.

In: the events of one call so far. Out: the packet a human is given. No model is asked and nothing
is rephrased: what people said is quoted, and amounts, dates, names and numbers are copied from the
record. So the packet can be built at any moment, again after a crash, and always the same.

Templates exist in English and German; the packet is worded in the language of the call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from voiceagent.domain.account import AccountRecord, CaseNote, Invoice, Payment
from voiceagent.domain.events import (
    AccountLoaded,
    AnyEvent,
    CallbackBooked,
    CallPlaced,
    IdentityChecked,
    LoggedEvent,
    ToolCalled,
    ToolReturned,
    TurnTaken,
    VerdictGiven,
)
from voiceagent.domain.packet import Claim, Packet
from voiceagent.domain.spoken_amounts import amounts
from voiceagent.domain.spoken_dates import dates, months
from voiceagent.domain.spoken_numbers import numbers
from voiceagent.domain.transcript import Citation, Speaker, Turn
from voiceagent.domain.verdict import Action, Contradiction, Trigger, TriggerKind, Verdict
from voiceagent.supervisor.signals import cite

STATEMENTS_KEPT = 6
EARLY_TURNS = 6
MOOD_TURNS = 6
"""How many of the caller's latest verdicts the mood is read from."""
SAME_QUESTION = 80.0
_UNHEARD_BELOW = 0.3

_WORDS = {
    "en": {
        "caller": "The caller",
        "says": '{who} says "{quote}"',
        "supported": "the records bear this out: {record}",
        "against": "the records differ: {record}",
        "status": "",
        "due": "due",
        "plan": "Plan {name}: {price} per month",
        "case": "promised: {promise}",
        "case_open": "not settled",
        "case_settled": "settled",
        "done": "done",
        "failed": "failed",
        "booked": "Callback booked for {due}: {reason}",
        "case_opened": "Case {case} opened",
        "name": "Name: {name}",
        "postal": "Postal code checked: {code}",
        "verified": "identity verified",
        "unverified": "identity not verified",
        "because": "Handed over: {why}",
    },
    "de": {
        "caller": "Die anrufende Person",
        "says": '{who} sagt "{quote}"',
        "supported": "die Unterlagen bestätigen das: {record}",
        "against": "die Unterlagen weichen ab: {record}",
        "due": "fällig",
        "plan": "Tarif {name}: {price} im Monat",
        "case": "zugesagt: {promise}",
        "case_open": "nicht erledigt",
        "case_settled": "erledigt",
        "done": "erledigt",
        "failed": "fehlgeschlagen",
        "booked": "Rückruf gebucht für {due}: {reason}",
        "case_opened": "Fall {case} eröffnet",
        "name": "Name: {name}",
        "postal": "Postleitzahl geprüft: {code}",
        "verified": "Identität geprüft",
        "unverified": "Identität nicht geprüft",
        "because": "Übergabe: {why}",
    },
}
_STATUS_DE = {"open": "offen", "paid": "bezahlt", "overdue": "überfällig", "disputed": "strittig"}
_MOODS_DE = {
    "calm": "ruhig",
    "annoyed": "verärgert",
    "angry": "wütend",
    "impatient": "ungeduldig",
    "firm": "entschieden",
}
_REASONS = {
    "en": {
        TriggerKind.ASKED_FOR_PERSON: "asked for a person",
        TriggerKind.KEY_ZERO: "pressed 0",
        TriggerKind.LEGAL: "mentioned legal or public steps",
        TriggerKind.CONTRADICTION: "accounts that differ",
        TriggerKind.MISUNDERSTANDING: "repeated misunderstanding",
        TriggerKind.ANGER: "upset",
        TriggerKind.LANGUAGE_MODEL_FAILED: "technical failure of the agent",
        TriggerKind.DO_NOT_CALL: "wants no more calls",
    },
    "de": {
        TriggerKind.ASKED_FOR_PERSON: "wünscht einen Menschen",
        TriggerKind.KEY_ZERO: "hat die 0 gedrückt",
        TriggerKind.LEGAL: "erwähnt rechtliche oder öffentliche Schritte",
        TriggerKind.CONTRADICTION: "widersprüchliche Angaben",
        TriggerKind.MISUNDERSTANDING: "wiederholtes Missverständnis",
        TriggerKind.ANGER: "verärgert",
        TriggerKind.LANGUAGE_MODEL_FAILED: "technischer Ausfall des Agenten",
        TriggerKind.DO_NOT_CALL: "wünscht keine Anrufe mehr",
    },
}
_PROMISE = re.compile(
    r"\b(?:(?:i|we)(?:'ll|’ll| will| am going to|'m going to)|"
    r"(?:someone|somebody|a colleague|the team|our team|they|you) will|you'll|"
    r"(?:ich|wir) (?:werde|werden|veranlasse\w*|schicke\w*|sende\w*|rufe\w*|kümmere\w*)|"
    r"(?:sie|ein kollege|eine kollegin|jemand|unser team) (?:wird|bekommen|erhalten|werden))\b",
    re.IGNORECASE,
)
# What the agent does in the same breath is no promise left to keep.
_AT_ONCE = re.compile(
    r"\b(?:check|look|see|find out|connect|transfer|put|get you|hand|pass|ask you|need|repeat|try|"
    r"explain|tell you|read|prüfe\w*|schaue?|sehe|verbinde\w*|stelle|durchstellen|weiterleiten|"
    r"nachsehen|nachschauen|fragen|erkläre\w*|übergebe\w*)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"^(?:(?:and|so|but|but then|und|aber|also)\s+)?(?:what|why|when|where|who|how|which|can you|"
    r"could you|do you|did you|will you|is (?:it|that|there|my)|are (?:there|you|my)|am i|was|"
    r"warum|wieso|weshalb|wann|wer|wie|wo|welche\w*|können sie|haben sie|ist (?:das|es|die)|"
    r"gibt es|bin ich)\b",
    re.IGNORECASE,
)
_IDLE = re.compile(
    r"^\W*(?:(?:yes|no|yeah|hi|hello|good (?:morning|evening|afternoon)|this is|speaking|thank you|"
    r"thanks|very much|so much|okay|ok|sure|please|ja|nein|hallo|guten (?:tag|morgen|abend)|vielen|"
    r"danke|bitte|"
    r"am apparat|hier ist)\b\W*)+",
    re.IGNORECASE,
)
_POSTAL = re.compile(r"\b(?:zip|postal|post ?code|postleitzahl|plz)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """One sentence of a turn, with the exact words."""

    turn: Turn
    citation: Citation

    @property
    def text(self) -> str:
        return self.citation.quote


@dataclass(slots=True)
class _Reading:
    """A call's events, sorted by what the packet needs of them."""

    placed: CallPlaced | None = None
    record: AccountRecord | None = None
    turns: list[Turn] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    returned: list[ToolReturned] = field(default_factory=list)
    called: dict[str, int] = field(default_factory=dict)
    booked: list[CallbackBooked] = field(default_factory=list)
    verified: bool = False
    identity_turns: set[int] = field(default_factory=set)
    proof: Turn | None = None

    def take(self, event: AnyEvent) -> None:
        caller = next((t for t in reversed(self.turns) if t.speaker is Speaker.CALLER), None)
        match event:
            case CallPlaced():
                self.placed = event
            case AccountLoaded(record=record):
                self.record = record
            case TurnTaken(turn=turn):
                self.turns.append(turn)
            case VerdictGiven(verdict=verdict):
                self.verdicts.append(verdict)
            case ToolCalled(tool=tool):
                self.called[tool] = self.called.get(tool, 0) + 1
            case ToolReturned():
                self.returned.append(event)
            case CallbackBooked():
                self.booked.append(event)
            case IdentityChecked(verified=verified):
                self.verified = verified
                if caller is not None:
                    self.identity_turns.add(caller.number)
                    self.proof = caller if verified else None
            case _:
                pass

    @property
    def caller_turns(self) -> list[Turn]:
        return [t for t in self.turns if t.speaker is Speaker.CALLER]

    @property
    def language(self) -> str:
        if self.placed is not None:
            return self.placed.language
        return self.caller_turns[-1].language if self.caller_turns else "en"

    @property
    def words(self) -> dict[str, str]:
        return _WORDS.get(self.language, _WORDS["en"])


def build_packet(call_id: str, events: Sequence[LoggedEvent | AnyEvent], version: int) -> Packet:
    """The packet as the events support it now.

    Args:
        call_id: the call the events belong to.
        events: all events of the call so far, in order, with or without their envelope.
        version: what the packet counts itself as; nothing else depends on it.
    """
    reading = _Reading()
    for event in events:
        reading.take(event.event if isinstance(event, LoggedEvent) else event)
    record = reading.record
    triggers = _deciding_triggers(reading.verdicts)
    contradictions = _contradictions(reading.verdicts)
    main = _main_statement(reading, triggers)
    contradiction = _main_contradiction(triggers, contradictions, main)
    matter = _matter(reading, main, contradiction)
    mood = _mood(reading.verdicts)
    placed = reading.placed
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
        facts=_record_facts(reading, contradictions) + _statements(reading, main, contradictions),
        contradictions=contradictions,
        tried=_tried(reading),
        promises=_promises(reading),
        open_questions=_open_questions(reading),
        do_not_ask_again=_known(reading, main, matter),
        mood=mood,
        summary=_summary(reading, matter, mood, triggers),
    )


# Why: verdicts, contradictions, the matter.


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


def _sentences(turn: Turn) -> list[_Sentence]:
    found = []
    for match in re.finditer(r"\S(?:[^.!?]|[.](?=\d))*[.!?]*", turn.text):
        end = match.start() + len(match.group().rstrip())
        found.append(_Sentence(turn, cite(turn, match.start(), end, sentence=False)))
    return found


def _main_statement(reading: _Reading, triggers: Iterable[Trigger]) -> _Sentence | None:
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
                    return _Sentence(by_number[citation.turn], citation)
    return _longest(reading)


def _longest(reading: _Reading) -> _Sentence | None:
    after = max(reading.identity_turns, default=0)
    turns = reading.caller_turns
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
            for sentence in _sentences(turn)
            if not _gives_postal_code(sentence.text, reading)
            and (turn.number, sentence.text) not in barred
            and len(_IDLE.sub("", sentence.text).split()) >= 3
        ]
        if candidates:
            return max(candidates, key=lambda s: len(_IDLE.sub("", s.text)))
    return None


def _gives_postal_code(text: str, reading: _Reading) -> bool:
    code = reading.record.customer.postal_code if reading.record else ""
    digits = re.sub(r"\D", "", text)
    said = {str(n.value) for n in numbers(text, reading.language)}
    known = bool(code) and (re.sub(r"\D", "", code) in digits or code.lstrip("0") in said)
    return known or bool(_POSTAL.search(text))


def _main_contradiction(
    triggers: Iterable[Trigger], every: Sequence[Contradiction], main: _Sentence | None
) -> Contradiction | None:
    if main is None:
        return None
    mine = [t.contradiction for t in triggers if t.contradiction] + list(every)
    said = [c for c in mine if c.said and (c.said in main.text or main.text in c.said)]
    return next((c for c in said if c.supports_caller), said[0] if said else None)


def _matter(reading: _Reading, main: _Sentence | None, contradiction: Contradiction | None) -> str:
    words = reading.words
    if main is None:
        return ""
    who = reading.record.customer.name if reading.record else words["caller"]
    said = words["says"].format(who=who, quote=main.text.rstrip(" .!;,"))
    if contradiction is None:
        return f"{said}."
    records = " / ".join(filter(None, (contradiction.record, contradiction.other_record)))
    verdict = words["supported" if contradiction.supports_caller else "against"]
    return f"{said}; {verdict.format(record=records)}."


def _mood(verdicts: Sequence[Verdict]) -> str:
    recent = [t for v in verdicts[-MOOD_TURNS:] for t in v.triggers]
    anger = {t.citations for t in recent if t.kind is TriggerKind.ANGER}
    if any(t.kind is TriggerKind.ANGER and t.detail == "strong" for t in recent) or len(anger) > 2:
        return "angry"
    if anger:
        return "annoyed"
    if any(t.kind is TriggerKind.LEGAL for t in recent):
        return "firm"
    confused = {t.citations for t in recent if t.kind is TriggerKind.MISUNDERSTANDING}
    return "impatient" if len(confused) > 1 else "calm"


# Facts.


def _record_facts(reading: _Reading, contradictions: Iterable[Contradiction]) -> tuple[Claim, ...]:
    record = reading.record
    if record is None:
        return ()
    sources = {source for c in contradictions for source in c.sources}
    spoken = " ".join(t.text for t in reading.caller_turns)
    said_numbers = {str(n.value) for n in numbers(spoken, reading.language)}
    said_months = {m.value for m in months(spoken, reading.language, record.newest_day)}

    def meant(invoice: Invoice) -> bool:
        number = re.sub(r"\D", "", invoice.id)
        return invoice.id in sources or number in said_numbers or invoice.period in said_months

    invoices = [i for i in record.invoices if meant(i)]
    if not invoices:
        invoices = sorted(record.invoices, key=lambda i: (i.period, i.due))[-1:]
    payments = [p for i in invoices for p in record.payments_for(i.id)]
    payments += [p for p in record.payments if p.id in sources and p not in payments]
    texts = [_invoice_line(i, reading) for i in invoices]
    texts += [_payment_line(p) for p in payments]
    texts.append(
        reading.words["plan"].format(name=record.plan.name, price=record.plan.monthly_price)
    )
    texts += [_case_line(c, reading) for c in record.cases]
    return tuple(Claim(text, "record", verified=True) for text in texts)


def _invoice_line(invoice: Invoice, reading: _Reading) -> str:
    status = str(invoice.status)
    status = _STATUS_DE[status] if reading.language == "de" else status
    due = f"{reading.words['due']} {invoice.due.isoformat()}"
    return f"{invoice.id} ({invoice.period}): {invoice.amount}, {status}, {due}"


def _payment_line(payment: Payment) -> str:
    day = payment.received.isoformat()
    return f"{payment.id} ({payment.invoice_id}): {payment.amount}, {day}, {payment.method}"


def _case_line(case: CaseNote, reading: _Reading) -> str:
    words = reading.words
    line = f"{case.id} ({case.opened.isoformat()}): {case.subject}"
    if case.promise:
        line += f"; {words['case'].format(promise=case.promise)}"
    return f"{line}; {words['case_settled' if case.settled else 'case_open']}"


def _statements(
    reading: _Reading, main: _Sentence | None, contradictions: Sequence[Contradiction]
) -> tuple[Claim, ...]:
    """What the caller stated: the matter, and every sentence with an amount or a date in it."""
    today = reading.record.newest_day if reading.record else None
    borne_out = [c.said for c in contradictions if c.supports_caller]
    chosen: dict[str, Citation] = {main.text: main.citation} if main else {}
    for turn in reading.caller_turns:
        for sentence in _sentences(turn):
            holds_amount = bool(amounts(sentence.text, reading.language, ""))
            holds_date = bool(today and dates(sentence.text, reading.language, today))
            if (holds_amount or holds_date) and not _gives_postal_code(sentence.text, reading):
                chosen.setdefault(sentence.text, sentence.citation)
    kept = sorted(chosen.values(), key=lambda c: (c.turn, c.at_ms))[:STATEMENTS_KEPT]
    return tuple(
        Claim(f'"{c.quote}"', "caller", any(c.quote in said for said in borne_out), c) for c in kept
    )


# What the agent did and said.


def _tried(reading: _Reading) -> tuple[Claim, ...]:
    tried = []
    for event in reading.returned:
        word = reading.words["done" if event.ok else "failed"]
        details = [
            f"{key}: {value}"
            for key, value in event.result.items()
            if key not in ("ok", "changed", "tell")
            and isinstance(value, str | int | float)
            and str(value)
        ]
        text = f"{event.tool}: {word}" + (f" ({', '.join(details)})" if details else "")
        tried.append(Claim(text, event.tool, verified=True))
    for tool, times in reading.called.items():
        missing = times - sum(e.tool == tool for e in reading.returned)
        if missing > 0:
            tried.append(Claim(f"{tool}: …", tool, verified=False))
    return tuple(tried)


def _promises(reading: _Reading) -> tuple[Claim, ...]:
    promises = [
        Claim(f'"{sentence.text}"', "agent", verified=False, citation=sentence.citation)
        for turn in reading.turns
        if turn.speaker is Speaker.AGENT
        for sentence in _sentences(turn)
        if _PROMISE.search(sentence.text)
        and not _AT_ONCE.search(sentence.text)
        and not sentence.text.endswith("?")
    ]
    for booked in reading.booked:
        text = reading.words["booked"].format(due=booked.due_at.isoformat(), reason=booked.reason)
        promises.append(Claim(text, "schedule_callback", verified=True))
    for event in reading.returned:
        if event.tool == "open_case" and event.ok and event.result.get("case"):
            text = reading.words["case_opened"].format(case=event.result["case"])
            promises.append(Claim(text, event.tool, verified=True))
    return tuple(promises)


def _open_questions(reading: _Reading) -> tuple[Claim, ...]:
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
    unanswered: list[_Sentence] = []
    for at, turn in enumerate(reading.turns):
        if turn.speaker is not Speaker.CALLER or turn.number in for_person:
            continue
        asked = [s for s in _sentences(turn) if s.text.endswith("?") or _QUESTION.match(s.text)]
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


def _known(reading: _Reading, main: _Sentence | None, matter: str) -> tuple[Claim, ...]:
    words, record = reading.words, reading.record
    known = []
    if record is not None:
        name = words["name"].format(name=record.customer.name)
        known.append(Claim(name, "record", verified=reading.verified))
        if reading.verified and reading.proof is not None:
            proof = reading.proof
            code = words["postal"].format(code=record.customer.postal_code)
            cited = cite(proof, 0, len(proof.text), sentence=False)
            known.append(Claim(code, "confirm_identity", verified=True, citation=cited))
    if main is not None:
        known.append(Claim(matter, "caller", verified=False, citation=main.citation))
    return tuple(known)


def _summary(reading: _Reading, matter: str, mood: str, triggers: Iterable[Trigger]) -> str:
    """At most three sentences: who, what, why now."""
    words = reading.words
    who = reading.record.customer.name if reading.record else words["caller"]
    proven = words["verified" if reading.verified else "unverified"]
    tone = _MOODS_DE[mood] if reading.language == "de" else mood
    reasons = _REASONS.get(reading.language, _REASONS["en"])
    why = ", ".join(dict.fromkeys(reasons[t.kind] for t in triggers))
    because = f"{words['because'].format(why=why)}." if why else ""
    return " ".join(filter(None, (f"{who}, {proven}, {tone}.", matter, because)))
