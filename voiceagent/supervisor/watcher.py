"""The supervisor: reads a call's events as they come and says after each turn what should happen.

In: the events of one call, in order. Out: a verdict after every turn of the caller, and after a
key, a tool result or a failure of the language model that calls for one. It never speaks, waits,
reads a clock or asks a model, so it works while the language model is slow, wrong or down, and
feeding it a stored log again gives the same verdicts.

A caller's turn meets three readings, weightiest action first: grounds that count at once, grounds
that add up (``scores``), and the answer to a person already offered (``offers``). Further readings
(tone of voice, classifiers, a second opinion) would add triggers in ``_read_turn``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from voiceagent.domain.account import AccountRecord
from voiceagent.domain.call import CallState
from voiceagent.domain.events import (
    AccountLoaded,
    AnyEvent,
    CallMoved,
    CallPlaced,
    DoNotCallEntered,
    HandoffEnded,
    HandoffMoved,
    KeyPressed,
    LanguageModelTroubled,
    ModelTrouble,
    ToolReturned,
    TurnTaken,
)
from voiceagent.domain.transcript import Citation, Speaker, Turn
from voiceagent.domain.verdict import Action, Trigger, TriggerKind, Verdict
from voiceagent.supervisor.contradictions import Finding, find_contradictions
from voiceagent.supervisor.offers import Answer, OfferedPerson
from voiceagent.supervisor.policy import AtOnce, ClaimKind, Heard, Policy, Score
from voiceagent.supervisor.scores import RANK, Scores, outweighing
from voiceagent.supervisor.signals import (
    Signal,
    cite,
    cite_turn,
    earlier_request,
    heard_in,
    unclear,
)

TRANSFER_TOOL = "transfer_to_person"
DO_NOT_CALL_TOOL = "do_not_call"
ANGER_STRONG, ANGER_MILD = "strong", "mild"
TURNS_KEPT = 50
"""Caller turns remembered for comparison; the policy cannot ask for more."""

_AT_ONCE = (Heard.ASKED_FOR_PERSON, Heard.LEGAL, Heard.DO_NOT_CALL)
_LISTENED_FOR = (
    *_AT_ONCE,
    Heard.MAY_WANT_PERSON,
    Heard.ASKED_WHETHER_AI,
    Heard.ANGER_STRONG,
    Heard.ANGER_MILD,
    Heard.NOT_UNDERSTOOD,
)


@dataclass(frozen=True, slots=True)
class _Grounds:
    """What one event gave: triggers with the action each calls for at once."""

    found: tuple[tuple[Action, Trigger], ...] = ()

    def __add__(self, other: _Grounds) -> _Grounds:
        return _Grounds(self.found + other.found)


class Supervisor:
    """Watches one call. Make a new one for each call, and for each replay of a log."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._language = "en"
        self._record: AccountRecord | None = None
        self._turns: list[Turn] = []
        self._uncompared: list[Turn] = []
        self._scores = Scores(policy.accumulate, policy.together)
        self._offer = OfferedPerson(policy)
        self._handing_over = False
        self._with_human = False
        self._called_for: set[str] = set()
        self._handed_over_for: set[str] = set()
        self._waiting_for_tool: dict[ClaimKind, Trigger] = {}
        self._forbidden = False

    def observe(self, event: AnyEvent) -> Verdict | None:
        """Take the next event of the call.

        Returns:
            Always a verdict after a turn of the caller; after other events only where they call
            for something. ``Verdict.turn`` is the caller's latest turn, 0 before the first.
        """
        match event:
            case TurnTaken(turn=turn) if turn.speaker is Speaker.CALLER:
                return self._caller_said(turn)
            case TurnTaken(turn=turn) if turn.speaker is Speaker.AGENT:
                # Cut short by a barge-in, the offer was still understood: the caller answers it.
                self._offer.agent_said(turn.intended or turn.text, self._languages(turn))
            case KeyPressed(key="0", at_ms=at_ms):
                # No words to quote: the citation only gives the place in the recording.
                place = Citation(self._last_number(), Speaker.CALLER, "", at_ms)
                rule = self._policy.at_once.key_zero
                return self._if_any(_at_once(TriggerKind.KEY_ZERO, rule, (place,), "pressed 0"))
            case LanguageModelTroubled(trouble=trouble, code=code):
                return self._model_troubled(trouble, code)
            case ToolReturned():
                return self._tool_returned(event)
            case DoNotCallEntered():
                return self._forbid("entered")
            case AccountLoaded(record=record):
                return self._record_loaded(record)
            case _:
                self._keep_state(event)
        return None

    def _keep_state(self, event: AnyEvent) -> None:
        match event:
            case CallPlaced(language=language):
                self._language = language
            case CallMoved(target=target):
                self._with_human = target is CallState.BRIDGED
            case HandoffMoved():
                self._handing_over = True
                self._handed_over_for |= self._called_for
            case HandoffEnded():
                # The caller is back, or stays with the human: start afresh either way.
                self._handing_over = False
                self._offer.withdraw()
                self._scores.clear()
            case _:
                pass

    # A caller's turn.

    def _caller_said(self, turn: Turn) -> Verdict:
        self._scores.next_turn()
        grounds = self._read_turn(turn)
        self._turns = [*self._turns, turn][-TURNS_KEPT:]
        return self._verdict(grounds)

    def _read_turn(self, turn: Turn) -> _Grounds:
        languages = self._languages(turn)
        signals = heard_in(turn.text, languages, self._policy.phrases, _LISTENED_FOR)
        return (
            self._at_once(turn, signals)
            + self._answer(turn, languages)
            + self._anger(turn, signals)
            + self._misunderstanding(turn, signals)
            + self._claims(turn)
        )

    def _at_once(self, turn: Turn, signals: Sequence[Signal]) -> _Grounds:
        rules = self._policy.at_once
        meaning = {
            Heard.ASKED_FOR_PERSON: (TriggerKind.ASKED_FOR_PERSON, rules.asked_for_person, ""),
            Heard.LEGAL: (TriggerKind.LEGAL, rules.legal, ""),
            Heard.DO_NOT_CALL: (TriggerKind.DO_NOT_CALL, rules.do_not_call, ""),
            Heard.MAY_WANT_PERSON: (
                TriggerKind.ASKED_FOR_PERSON,
                rules.may_want_person,
                "may want a person",
            ),
            Heard.ASKED_WHETHER_AI: (
                TriggerKind.ASKED_FOR_PERSON,
                rules.asked_whether_ai,
                "asked whether this is a person",
            ),
        }
        if any(s.heard in (Heard.ASKED_FOR_PERSON, Heard.ASKED_WHETHER_AI) for s in signals):
            # The wide net adds nothing to what was heard more exactly.
            del meaning[Heard.MAY_WANT_PERSON]
        grounds = _Grounds()
        for heard, (kind, called_for, detail) in meaning.items():
            citations = tuple(cite(turn, s.start, s.end) for s in signals if s.heard is heard)
            if not citations:
                continue
            rule = self._within_doubt(called_for, turn)
            unique = tuple(dict.fromkeys(citations))
            grounds += _at_once(kind, _weighed(rule, turn), unique, detail)
        return grounds

    def _within_doubt(self, rule: AtOnce, turn: Turn) -> AtOnce:
        """Words that may not have been said are no ground to hand over, only to offer it."""
        doubtful = turn.confidence < self._policy.limits.act_from_confidence
        if doubtful and rule.action is Action.HAND_OVER:
            return rule.model_copy(update={"action": Action.OFFER_PERSON})
        return rule

    def _answer(self, turn: Turn, languages: Iterable[str]) -> _Grounds:
        if self._offer.caller_said(turn.text, languages) is not Answer.ACCEPTED:
            return _Grounds()
        rule = _weighed(self._policy.at_once.accepted_offer, turn)
        return _at_once(
            TriggerKind.ASKED_FOR_PERSON, rule, (cite_turn(turn),), "took up the offer of a person"
        )

    def _anger(self, turn: Turn, signals: Iterable[Signal]) -> _Grounds:
        grounds = _Grounds()
        for signal in signals:
            if signal.heard in (Heard.ANGER_STRONG, Heard.ANGER_MILD):
                strong = signal.heard is Heard.ANGER_STRONG
                name = ANGER_STRONG if strong else ANGER_MILD
                confidence = _heard_well(turn, 0.9 if strong else 0.7)
                citations = (cite(turn, signal.start, signal.end),)
                trigger = Trigger(TriggerKind.ANGER, confidence, citations, detail=name)
                grounds += self._count(Score.ANGER, name, trigger)
        return grounds

    def _misunderstanding(self, turn: Turn, signals: Iterable[Signal]) -> _Grounds:
        grounds = _Grounds()
        kind, score = TriggerKind.MISUNDERSTANDING, Score.MISUNDERSTANDING
        for signal in signals:
            if signal.heard is Heard.NOT_UNDERSTOOD:
                trigger = Trigger(kind, 0.8, (cite(turn, signal.start, signal.end),))
                grounds += self._count(score, "not_understood", replace(trigger, detail="said so"))
        if before := earlier_request(turn, self._turns, self._policy.limits):
            cited = (cite_turn(before), cite_turn(turn))
            trigger = Trigger(kind, 0.8, cited, detail="said the same again")
            grounds += self._count(score, "repeated", trigger)
        previous = self._turns[-1] if self._turns else None
        if unclear(turn, previous, self._policy.limits):
            trigger = Trigger(kind, 0.6, (cite_turn(turn),), detail="hardly recognised")
            grounds += self._count(score, "unclear", trigger)
        return grounds

    # Claims against the record.

    def _claims(self, turn: Turn) -> _Grounds:
        if self._record is None:
            self._uncompared = [*self._uncompared, turn][-TURNS_KEPT:]
            return _Grounds()
        limits, phrases = self._policy.limits, self._policy.claims
        languages = self._languages(turn)
        grounds = _Grounds()
        for finding in find_contradictions(turn, languages, self._record, phrases, limits):
            grounds += self._contradicted(turn, finding)
        return grounds

    def _contradicted(self, turn: Turn, finding: Finding) -> _Grounds:
        contradiction = finding.contradiction
        rule = _weighed(self._policy.at_once.supported_contradiction, turn)
        trigger = Trigger(
            TriggerKind.CONTRADICTION,
            rule.confidence if contradiction.supports_caller else _heard_well(turn, 0.6),
            (cite(turn, finding.start, finding.end),),
            contradiction,
            str(finding.kind),
        )
        known = contradiction.about in self._handed_over_for
        if not contradiction.supports_caller or known:
            return self._count(Score.CONTRADICTION, finding.kind, trigger)
        if self._policy.settled_by_tools.get(finding.kind):
            self._waiting_for_tool[finding.kind] = trigger
            return self._count(Score.CONTRADICTION, finding.kind, trigger)
        return _Grounds(((rule.action, trigger),))

    def _record_loaded(self, record: AccountRecord) -> Verdict | None:
        """Claims made before the record was there are compared now."""
        self._record = record
        turns, self._uncompared = self._uncompared, []
        grounds = _Grounds()
        for turn in turns:
            grounds += self._claims(turn)
        return self._if_any(grounds)

    # Other events.

    def _model_troubled(self, trouble: ModelTrouble, code: str) -> Verdict | None:
        kind, rule = TriggerKind.LANGUAGE_MODEL_FAILED, self._policy.at_once.language_model_failed
        if trouble is ModelTrouble.FAILED:
            return self._if_any(_at_once(kind, rule, (), code))
        return self._if_any(
            self._count(Score.LANGUAGE_MODEL_FAILED, "slow", Trigger(kind, 0.5, detail=code))
        )

    def _tool_returned(self, event: ToolReturned) -> Verdict | None:
        if event.tool == DO_NOT_CALL_TOOL and event.ok:
            return self._forbid(DO_NOT_CALL_TOOL)
        if event.tool == TRANSFER_TOOL and event.ok:
            rule, cited = self._policy.at_once.agent_asked_for_person, self._latest()
            return self._if_any(
                _at_once(TriggerKind.ASKED_FOR_PERSON, rule, cited, f"the agent: {event.tool}")
            )
        grounds = _Grounds()
        for kind, tools in self._policy.settled_by_tools.items():
            if event.tool in tools and kind in self._waiting_for_tool:
                trigger = self._waiting_for_tool.pop(kind)
                if event.ok:
                    self._scores.clear(Score.CONTRADICTION)
                else:
                    action = self._policy.at_once.supported_contradiction.action
                    grounds += _Grounds(((action, trigger),))
        return self._if_any(grounds)

    def _forbid(self, detail: str) -> Verdict | None:
        """The number was blocked, by whatever part of the agent: the call ends, said once."""
        if self._forbidden:
            return None
        rule = self._policy.at_once.do_not_call
        return self._if_any(_at_once(TriggerKind.DO_NOT_CALL, rule, self._latest(), detail))

    # From grounds to a verdict.

    def _count(self, score: Score, name: str, trigger: Trigger) -> _Grounds:
        counts = self._scores.count(score, name, trigger)
        return _Grounds(((Action.CONTINUE, trigger),) if counts else ())

    def _if_any(self, grounds: _Grounds) -> Verdict | None:
        if not grounds.found:
            return None
        verdict = self._verdict(grounds)
        return None if verdict.action is Action.CONTINUE else verdict

    def _verdict(self, grounds: _Grounds) -> Verdict:
        due, histories = self._scores.due()
        action = outweighing(due, *(called_for for called_for, _ in grounds.found))
        ranked = sorted(grounds.found, key=lambda ground: -RANK[ground[0]])
        triggers = [trigger for _, trigger in ranked]
        for history in histories:
            # All that a score rests on says more than its latest ground alone.
            covered = set(history.citations)
            triggers = [
                t for t in triggers if t.kind is not history.kind or not covered >= {*t.citations}
            ]
            triggers.append(history)
        action = self._allowed(action, triggers)
        if action is Action.OFFER_PERSON:
            self._offer.make()
        elif action is Action.HAND_OVER:
            self._offer.withdraw()
            self._called_for = {t.contradiction.about for t in triggers if t.contradiction}
        sure = [t.confidence for called_for, t in ranked if called_for is action]
        sure += [t.confidence for t in histories if due is action]
        doubt = self._scores.progress() / 2
        confidence = 1.0 - doubt if action is Action.CONTINUE else max(sure, default=1.0)
        return Verdict(self._last_number(), action, tuple(triggers), round(confidence, 3))

    def _allowed(self, action: Action, triggers: Iterable[Trigger]) -> Action:
        """What still makes sense in the state the call is in."""
        if any(t.kind is TriggerKind.DO_NOT_CALL for t in triggers):
            self._forbidden = True
        if self._with_human:
            # Caller and human talk: the triggers are on record, the agent stays out of it.
            return Action.CONTINUE
        if self._handing_over and action is not Action.END:
            return Action.CONTINUE
        return action

    def _languages(self, turn: Turn) -> tuple[str, ...]:
        """Both the turn's and the call's language: the recogniser may be wrong about the turn."""
        return tuple(dict.fromkeys((turn.language, self._language)))

    def _last_number(self) -> int:
        return self._turns[-1].number if self._turns else 0

    def _latest(self) -> tuple[Citation, ...]:
        return (cite_turn(self._turns[-1]),) if self._turns else ()


def _at_once(
    kind: TriggerKind, rule: AtOnce, citations: tuple[Citation, ...], detail: str
) -> _Grounds:
    return _Grounds(((rule.action, Trigger(kind, rule.confidence, citations, detail=detail)),))


def _heard_well(turn: Turn, confidence: float) -> float:
    """A confidence lowered by half of what the recogniser lacks in its own."""
    lacking = 1.0 - min(1.0, max(0.0, turn.confidence))
    return round(confidence * (1.0 - lacking / 2), 3)


def _weighed(rule: AtOnce, turn: Turn) -> AtOnce:
    return rule.model_copy(update={"confidence": _heard_well(turn, rule.confidence)})
