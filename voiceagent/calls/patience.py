"""What is said when nothing was said that could be answered: silences, sounds, a slow model.

What enters: silences, sounds without words, slowness, the caller's turns. What leaves: at most one
filler a turn, one request to say it again, two questions whether the caller is still there, and
then a goodbye.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from voiceagent.calls.journal import Journal
from voiceagent.dialogue.phrases import Phrases
from voiceagent.domain.events import LanguageModelTroubled, ModelTrouble

# Asked twice whether they are still there; the third silence ends the call.
_SILENCES = 2
# A cough, a door: shorter sounds are not asked about.
_SHORTEST_SPEECH_MS = 500


class Patience:
    """Counts silences and fillers of one call.

    Args:
        journal: tells how often the caller has spoken.
        phrases: of the call.
        say: speaks a phrase; the flag says whether the language model should remember it.
        give_up: says goodbye to a caller who does not answer any more.
    """

    def __init__(
        self,
        journal: Journal,
        phrases: Phrases,
        say: Callable[[str, bool], None],
        give_up: Callable[[], None],
    ) -> None:
        self._journal = journal
        self._phrases = phrases
        self._say = say
        self._give_up = give_up
        self._fillers = itertools.cycle(phrases.fillers)
        self._filled_turn = 0
        self._silent_turn = 0
        self._silences = 0
        self._asked_again_turn = -1

    def not_understood(self, spoken_ms: int) -> None:
        """The caller made sound without a recognised word: ask once to say it again."""
        turn = self._journal.turns_of_caller
        if spoken_ms >= _SHORTEST_SPEECH_MS and turn != self._asked_again_turn:
            self._asked_again_turn = turn
            self._say(self._phrases.not_understood, True)

    def caller_silent(self) -> None:
        """Nobody has said anything for a while: ask, and in the end say goodbye."""
        if self._silent_turn != self._journal.turns_of_caller:
            self._silent_turn, self._silences = self._journal.turns_of_caller, 0
        self._silences += 1
        if self._silences <= _SILENCES:
            self._say(self._phrases.still_there, True)
        else:
            self._give_up()

    async def model_slow(self, *, may_speak: bool) -> None:
        """The model has not begun to answer: cover the wait, once a turn.

        A second filler would only show how slow we are.
        """
        await self._journal.report(
            lambda ms: LanguageModelTroubled(at_ms=ms, trouble=ModelTrouble.SLOW, code="llm.slow")
        )
        if may_speak and self._filled_turn != self._journal.turns_of_caller:
            self._filled_turn = self._journal.turns_of_caller
            self._say(next(self._fillers), False)
