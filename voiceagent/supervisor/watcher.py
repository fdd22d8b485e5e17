"""The supervisor: reads a call's events as they come and says after each turn what should happen.

In: the events of one call, in order. Out: a verdict after every turn of the caller, and after a
key, a tool result, a model's opinion or a failure of the language model that calls for one. It
never speaks, waits, reads a clock or asks a model, so it works while every model is slow, wrong or
down, and feeding it a stored log again gives the same verdicts.

A caller's turn meets three readings, weightiest action first: what is said outright (``explicit``),
the answer to a person already offered (``offers``), and what adds up (``soft_readings``). Models
may add to that when they have something to say; nothing waits for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from voiceagent.domain.call import CallState
from voiceagent.domain.events import (
    AccountLoaded,
    AnyEvent,
    CallbackBooked,
    CallMoved,
    CallPlaced,
    DoNotCallEntered,
    FrustrationScored,
    IdentityChecked,
    KeyPressed,
    LanguageModelTroubled,
    ModelTrouble,
    SecondOpinionGiven,
    ToolReturned,
    TurnClassified,
    TurnTaken,
)
from voiceagent.domain.handoff_events import HandoffEnded, HandoffMoved
from voiceagent.domain.transcript import Citation, Speaker, Turn
from voiceagent.domain.verdict import Action, Repair, Trigger, TriggerKind, Verdict
from voiceagent.supervisor.explicit import ExplicitGrounds
from voiceagent.supervisor.grounds import Grounds, at_once, counted, languages_of, weighed
from voiceagent.supervisor.mood import frustration
from voiceagent.supervisor.offers import Answer, OfferedPerson
from voiceagent.supervisor.policy import Policy, Score
from voiceagent.supervisor.policy_sections import Sign
from voiceagent.supervisor.scores import RANK, Scores, outweighing
from voiceagent.supervisor.signals import cite_turn
from voiceagent.supervisor.soft_readings import SoftReadings

TRANSFER_TOOL = "transfer_to_person"
DO_NOT_CALL_TOOL = "do_not_call"
SAME_NUMBER_MS = 4000
"""Keys pressed within this of each other make one number."""

TURNS_KEPT = 50
"""Caller turns remembered for comparison; the policy cannot ask for more."""


class Supervisor:
    """Watches one call. Make a new one for each call, and for each replay of a log."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._language = "en"
        self._turns: list[Turn] = []
        self._scores = Scores(policy)
        self._soft = SoftReadings(policy, self._scores)
        self._explicit = ExplicitGrounds(policy)
        self._offer = OfferedPerson(policy)
        self._called_for: dict[int, dict[TriggerKind, Action]] = {}
        self._offered_for: tuple[Trigger, ...] = ()
        self._scored: float | None = None
        self._frustration = self._frustration_before = 0.0
        self._handing_over = False
        self._with_human = False
        self._forbidden = False
        self._keyed_ms: int | None = None

    @property
    def frustration(self) -> float:
        """How frustrated the caller is at the latest turn, 0..1, all signs taken together.

        Read it again after a ``FrustrationScored``: that sharpens it, and gives a verdict only
        where something should happen.
        """
        return self._frustration

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
                self._agent_said(turn)
            case TurnClassified(turn=number, probabilities=probabilities):
                return self._classified(number, probabilities)
            case KeyPressed():
                return self._key_pressed(event)
            case LanguageModelTroubled(trouble=trouble, code=code):
                return self._model_troubled(trouble, code)
            case ToolReturned():
                return self._tool_returned(event)
            case DoNotCallEntered():
                return self._forbid("entered")
            case FrustrationScored():
                return self._frustration_scored(event)
            case SecondOpinionGiven():
                return self._if_any(self._soft.second_opinion(event, self._turns))
            case AccountLoaded(record=record):
                return self._if_any(self._soft.record_loaded(record, self._language))
            case IdentityChecked(verified=True) | CallbackBooked():
                self._soft.got_ahead()
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
                self._soft.handover_begun()
            case HandoffEnded():
                # The caller is back, or stays with the human: start afresh either way.
                self._handing_over = False
                self._offer.withdraw()
                self._soft.start_afresh()
            case _:
                pass

    # A turn.

    @property
    def _waiting(self) -> bool:
        """Whether the caller talks with a human, or waits for one."""
        return self._handing_over or self._with_human

    def _agent_said(self, turn: Turn) -> None:
        languages = languages_of(turn, self._language)
        # Cut short by a barge-in, the offer was still understood: the caller answers it.
        self._offer.agent_said(turn.intended or turn.text, languages)
        self._soft.agent_said(turn, languages, self._language, waiting=self._waiting)

    def _caller_said(self, turn: Turn) -> Verdict:
        self._scores.next_turn()
        grounds = self._read_turn(turn)
        self._turns = [*self._turns, turn][-TURNS_KEPT:]
        self._note_called_for(turn.number, grounds)
        self._frustration_before, self._scored = self._frustration, None
        self._soft.explicit(grounds)
        self._take_signs_together()
        return self._verdict(grounds)

    def _read_turn(self, turn: Turn) -> Grounds:
        languages = languages_of(turn, self._language)
        explicit = self._explicit.caller_said(turn, languages)
        answer = self._answer(turn, languages)
        soft = self._soft.caller_said(
            turn, languages, self._language, self._turns, waiting=self._waiting
        )
        return explicit + answer + soft

    def _take_signs_together(self) -> None:
        signs = {**self._soft.signs, Sign.BEFORE: self._frustration_before}
        self._frustration = frustration(self._policy.frustration, signs, self._scored)

    def _frustration_scored(self, event: FrustrationScored) -> Verdict | None:
        if event.turn == self._last_number():
            self._scored = event.score
            self._take_signs_together()
        return self._if_any(self._soft.frustration_scored(event, self._turns))

    def _classified(self, number: int, probabilities: Mapping[str, float]) -> Verdict | None:
        """The classifier's word on a turn, which may come when the caller has spoken again."""
        turn = next((t for t in reversed(self._turns) if t.number == number), None)
        if turn is None:
            return None
        already = self._called_for.get(number, {})
        grounds = self._explicit.classified(turn, probabilities, already)
        self._note_called_for(number, grounds)
        if number == self._last_number():
            self._soft.explicit(grounds)
            self._take_signs_together()
        return self._if_any(grounds)

    def _note_called_for(self, number: int, grounds: Grounds) -> None:
        """Remember the weightiest action each kind of ground has called for at a turn."""
        noted = self._called_for.setdefault(number, {})
        for action, trigger in grounds.found:
            noted[trigger.kind] = outweighing(noted.get(trigger.kind, action), action)
        while len(self._called_for) > TURNS_KEPT:
            del self._called_for[min(self._called_for)]

    def _answer(self, turn: Turn, languages: Iterable[str]) -> Grounds:
        answer = self._offer.caller_said(turn.text, languages)
        if answer is Answer.DECLINED:
            self._scores.offer_declined()
        if answer is not Answer.ACCEPTED:
            return Grounds()
        rule = weighed(self._policy.at_once.accepted_offer, turn)
        accepted = at_once(
            TriggerKind.ASKED_FOR_PERSON, rule, (cite_turn(turn),), "took up the offer of a person"
        )
        # Whoever takes over needs to know why a person was offered, not only that it was accepted.
        return accepted + Grounds(tuple((Action.CONTINUE, t) for t in self._offered_for))

    # Other events.

    def _model_troubled(self, trouble: ModelTrouble, code: str) -> Verdict | None:
        kind, rule = TriggerKind.LANGUAGE_MODEL_FAILED, self._policy.at_once.language_model_failed
        if trouble is ModelTrouble.FAILED:
            return self._if_any(at_once(kind, rule, (), code))
        return self._if_any(
            counted(
                self._scores, Score.LANGUAGE_MODEL_FAILED, "slow", Trigger(kind, 0.5, detail=code)
            )
        )

    def _tool_returned(self, event: ToolReturned) -> Verdict | None:
        if event.tool == DO_NOT_CALL_TOOL and event.ok:
            return self._forbid(DO_NOT_CALL_TOOL)
        if event.tool == TRANSFER_TOOL and event.ok:
            rule, cited = self._policy.at_once.agent_asked_for_person, self._latest()
            return self._if_any(
                at_once(TriggerKind.ASKED_FOR_PERSON, rule, cited, f"the agent: {event.tool}")
            )
        return self._if_any(self._soft.tool_returned(event, self._latest()))

    def _forbid(self, detail: str) -> Verdict | None:
        """The number was blocked, by whatever part of the agent: the call ends, said once."""
        if self._forbidden:
            return None
        rule = self._policy.at_once.do_not_call
        return self._if_any(at_once(TriggerKind.DO_NOT_CALL, rule, self._latest(), detail))

    def _key_pressed(self, event: KeyPressed) -> Verdict | None:
        """A zero asks for a person, unless it is one digit of a number."""
        in_number = self._soft.repair is Repair.SPELL_OR_KEY or (
            self._keyed_ms is not None and event.at_ms - self._keyed_ms <= SAME_NUMBER_MS
        )
        self._keyed_ms = event.at_ms if event.key.isdigit() else None
        if event.key != "0" or in_number:
            return None
        # No words to quote: the citation only gives the place in the recording.
        place = Citation(self._last_number(), Speaker.CALLER, "", event.at_ms)
        rule = self._policy.at_once.key_zero
        return self._if_any(at_once(TriggerKind.KEY_ZERO, rule, (place,), "pressed 0"))

    # From grounds to a verdict.

    def _if_any(self, grounds: Grounds) -> Verdict | None:
        if not grounds.found:
            return None
        verdict = self._verdict(grounds)
        return None if verdict.action is Action.CONTINUE else verdict

    def _verdict(self, grounds: Grounds) -> Verdict:
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
            self._scores.offer_made()
            self._offered_for = tuple(triggers)
        elif action is Action.HAND_OVER:
            self._offer.withdraw()
            self._soft.called_for_handover(triggers)
        sure = [t.confidence for called_for, t in ranked if called_for is action]
        sure += [t.confidence for t in histories if due is action]
        doubt = self._scores.progress() / 2
        confidence = 1.0 - doubt if action is Action.CONTINUE else max(sure, default=1.0)
        return Verdict(
            self._last_number(),
            action,
            tuple(triggers),
            round(confidence, 3),
            self._soft.repair,
            self._frustration,
        )

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

    def _last_number(self) -> int:
        return self._turns[-1].number if self._turns else 0

    def _latest(self) -> tuple[Citation, ...]:
        return (cite_turn(self._turns[-1]),) if self._turns else ()
