"""Whether the caller has just been offered a person, and what their answer to that is.

In: the agent's and the caller's turns. Out: accepted, declined or neither. It exists because
"yes please" means a handover only right after an offer, and the agent may have asked something
else in the meantime.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from voiceagent.supervisor.policy import Heard, Policy
from voiceagent.supervisor.signals import heard_in
from voiceagent.supervisor.words import split_words

POINTING_BACK_WORDS = 5
"""A question this short is about the sentence before it."""

BARE_YES_WORDS = 3
_MENTIONS = Heard.AGENT_MENTIONS_PERSON


class Answer(StrEnum):
    """A caller's answer to an offered person."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    NEITHER = "neither"


class OfferedPerson:
    """The offer that stands in one call, if any."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._turns_left = 0
        self._announced = False

    def make(self) -> None:
        """The supervisor has called for an offer, which the agent has not spoken yet."""
        self._turns_left, self._announced = 0, True

    def withdraw(self) -> None:
        """Nothing is on offer any more."""
        self._turns_left, self._announced = 0, False

    def agent_said(self, text: str, languages: Iterable[str]) -> None:
        """Keep, make or drop the offer by what the agent said last: its last question counts."""
        asked, questions = _last_question(text)
        offers = self._hears(asked, languages, Heard.AGENT_OFFERS_PERSON)
        # After a verdict any words about a person are the offer, whoever wrote them.
        if offers or (self._announced and self._hears(asked, languages, _MENTIONS)):
            self._turns_left, self._announced = self._policy.limits.offer_lasts_turns, False
        elif questions or self._announced:
            # The agent has spoken and did not offer: there is nothing a "yes" could accept.
            self.withdraw()

    def caller_said(self, text: str, languages: Iterable[str]) -> Answer:
        """What this turn answers to a standing offer, which it uses up where it does.

        An offer called for and not spoken yet is taken up only by a bare yes: a caller who cut
        the agent short may be ahead of the agent's turn in the log.
        """
        unspoken = self._announced and len(split_words(text)) <= BARE_YES_WORDS
        if not (self._turns_left or unspoken):
            return Answer.NEITHER
        self._turns_left = max(0, self._turns_left - 1)
        if self._hears(text, languages, Heard.DECLINES):
            self.withdraw()
            return Answer.DECLINED
        if self._hears(text, languages, Heard.ACCEPTS):
            self.withdraw()
            return Answer.ACCEPTED
        return Answer.NEITHER

    def _hears(self, text: str, languages: Iterable[str], heard: Heard) -> bool:
        return bool(heard_in(text, languages, self._policy.phrases, (heard,)))


def _last_question(text: str) -> tuple[str, bool]:
    """The last question, with the sentence before it where it points back ("Would you like
    that?"); the whole text where nothing is asked. And whether something is."""
    parts = re.findall(r"[^.!?]+[.!?]*", text)
    asked = [n for n, part in enumerate(parts) if part.endswith("?")]
    if not asked:
        return text, False
    at = asked[-1]
    points_back = len(parts[at].split()) <= POINTING_BACK_WORDS
    return "".join(parts[max(0, at - points_back) : at + 1]), True
