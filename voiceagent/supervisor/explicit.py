"""What a caller says in so many words and what counts at once: a person, a lawyer, no more calls.

In: a turn of the caller. Out: grounds, each with the action the policy calls for. Words that may
not have been said, because the recogniser was unsure, are no ground to hand over, only to offer it.
"""

from __future__ import annotations

from collections.abc import Iterable

from voiceagent.domain.transcript import Turn
from voiceagent.domain.verdict import Action, TriggerKind
from voiceagent.supervisor.grounds import Grounds, at_once, weighed
from voiceagent.supervisor.policy import AtOnce, Heard, Policy
from voiceagent.supervisor.signals import cite, heard_in

LISTENED_FOR = (
    Heard.ASKED_FOR_PERSON,
    Heard.LEGAL,
    Heard.DO_NOT_CALL,
    Heard.MAY_WANT_PERSON,
    Heard.ASKED_WHETHER_AI,
)


class ExplicitGrounds:
    """Reads turns for what is said outright. Keeps nothing: one serves for many calls."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        rules = policy.at_once
        self._meaning = {
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

    def _within_doubt(self, rule: AtOnce, turn: Turn) -> AtOnce:
        """Words that may not have been said are no ground to hand over, only to offer it."""
        doubtful = turn.confidence < self._policy.limits.act_from_confidence
        if doubtful and rule.action is Action.HAND_OVER:
            return rule.model_copy(update={"action": Action.OFFER_PERSON})
        return rule
