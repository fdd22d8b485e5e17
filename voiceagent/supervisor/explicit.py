"""What a caller says in so many words and what counts at once: a person, a lawyer, no more calls.

In: a turn of the caller, and what the explicit classifier made of it, where it was asked. Out:
grounds, each with the action the policy calls for. Two readings, because each covers the other's
gaps: phrases are exact and answer at once, the classifier knows wordings nobody wrote down. Words
that may not have been said, because the recogniser was unsure, are no ground to hand over, only to
offer it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from voiceagent.domain.transcript import Turn
from voiceagent.domain.verdict import Action, TriggerKind
from voiceagent.supervisor.grounds import Grounds, at_once, weighed
from voiceagent.supervisor.policy import AtOnce, Certainty, Heard, Policy
from voiceagent.supervisor.scores import RANK
from voiceagent.supervisor.signals import cite, cite_turn, heard_in

LISTENED_FOR = (
    Heard.ASKED_FOR_PERSON,
    Heard.LEGAL,
    Heard.LEAVING,
    Heard.VULNERABLE,
    Heard.DO_NOT_CALL,
    Heard.MAY_WANT_PERSON,
    Heard.ASKED_WHETHER_AI,
)
CLASSIFIER = "explicit classifier"


class ExplicitGrounds:
    """Reads turns for what is said outright. Keeps nothing: one serves for many calls."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        rules = policy.at_once
        self._meaning = {
            Heard.ASKED_FOR_PERSON: (TriggerKind.ASKED_FOR_PERSON, rules.asked_for_person, ""),
            Heard.LEGAL: (TriggerKind.LEGAL, rules.legal, ""),
            Heard.LEAVING: (TriggerKind.LEAVING, rules.leaving, ""),
            Heard.VULNERABLE: (TriggerKind.VULNERABLE, rules.vulnerable, ""),
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
        certain = policy.explicit_classifier
        self._classes: Mapping[TriggerKind, tuple[AtOnce, Certainty]] = {
            TriggerKind.ASKED_FOR_PERSON: (rules.asked_for_person, certain.asked_for_person),
            TriggerKind.LEGAL: (rules.legal, certain.legal),
            TriggerKind.LEAVING: (rules.leaving, certain.leaving),
            TriggerKind.VULNERABLE: (rules.vulnerable, certain.vulnerable),
        }

    def caller_said(self, turn: Turn, languages: Iterable[str]) -> Grounds:
        """The grounds in this turn; ``languages`` are those it may be in."""
        signals = heard_in(turn.text, languages, self._policy.phrases, LISTENED_FOR)
        heard_kinds = {signal.heard for signal in signals}
        # The wide net adds nothing to what was heard more exactly.
        exactly = heard_kinds & {Heard.ASKED_FOR_PERSON, Heard.ASKED_WHETHER_AI}
        grounds = Grounds()
        for heard, (kind, called_for, detail) in self._meaning.items():
            if heard not in heard_kinds or (exactly and heard is Heard.MAY_WANT_PERSON):
                continue
            citations = (cite(turn, s.start, s.end) for s in signals if s.heard is heard)
            rule = weighed(self._within_doubt(called_for, turn), turn)
            grounds += at_once(kind, rule, tuple(dict.fromkeys(citations)), detail)
        return grounds

    def classified(
        self,
        turn: Turn,
        probabilities: Mapping[str, float],
        already: Mapping[TriggerKind, Action],
    ) -> Grounds:
        """The grounds in what the explicit classifier made of a turn.

        Args:
            turn: the caller's turn it read.
            probabilities: by ``TriggerKind`` value, 0..1; kinds it does not know are passed over.
            already: the action each kind has called for at this turn, which is not called for
                again unless it is weightier now.
        """
        if turn.confidence < self._policy.limits.act_from_confidence:
            # Words made up by the recogniser mean anything to a classifier.
            return Grounds()
        # "Am I talking to a person?" is full of words of those who want one, and is no wish.
        asked_only = heard_in(
            turn.text, self._policy.languages, self._policy.phrases, (Heard.ASKED_WHETHER_AI,)
        )
        grounds = Grounds()
        for kind, (rule, certain) in self._classes.items():
            probability = min(1.0, probabilities.get(kind, 0.0))
            if probability < certain.offer:
                continue
            if kind is TriggerKind.ASKED_FOR_PERSON and asked_only:
                continue
            action = rule.action
            if probability < certain.act and rule.action is Action.HAND_OVER:
                action = Action.OFFER_PERSON
            certainly = AtOnce(action=action, confidence=round(rule.confidence * probability, 3))
            wanted = weighed(self._within_doubt(certainly, turn), turn)
            if kind in already and RANK[wanted.action] <= RANK[already[kind]]:
                continue
            grounds += at_once(kind, wanted, (cite_turn(turn),), CLASSIFIER)
        return grounds

    def _within_doubt(self, rule: AtOnce, turn: Turn) -> AtOnce:
        """Words that may not have been said are no ground to hand over, only to offer it."""
        doubtful = turn.confidence < self._policy.limits.act_from_confidence
        if doubtful and rule.action is Action.HAND_OVER:
            return rule.model_copy(update={"action": Action.OFFER_PERSON})
        return rule
