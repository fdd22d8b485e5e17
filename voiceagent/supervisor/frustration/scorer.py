"""The frustration score of a caller's turn.

In: the turns of a call so far, the caller's newest one last. Out: a probability. It is the one
thing of this package a supervisor needs; it blocks for some milliseconds (a second when the encoder
is first loaded), so call it from a worker thread.
"""

from __future__ import annotations

from collections.abc import Sequence

from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.supervisor.frustration.embedding import SentenceEncoder, UniversalSentenceEncoder
from voiceagent.supervisor.frustration.features import features
from voiceagent.supervisor.frustration.model import FrustrationModel, shipped_model
from voiceagent.supervisor.frustration.reading import TextReader

TURNS_READ = 40
"""Turns of the dialogue that are looked at, the newest ones."""

TEXTS_REMEMBERED = 512
"""Readings kept (about 5 kB each): several calls' worth."""


class FrustrationScorer:
    """Says how likely the caller is frustrated, angry or annoyed in the newest turn.

    Safe to share between calls and threads. The same turns give the same score, whatever was
    scored before.

    Args:
        encoder: makes vectors of texts; the multilingual sentence encoder unless given.
        model: trained weights; those of the package unless given.
        texts_remembered: how many texts' readings are kept.
    """

    def __init__(
        self,
        encoder: SentenceEncoder | None = None,
        model: FrustrationModel | None = None,
        texts_remembered: int = TEXTS_REMEMBERED,
    ) -> None:
        self._model = model or shipped_model()
        self._reader = TextReader(
            encoder or UniversalSentenceEncoder(), self._model.text_scores, texts_remembered
        )

    def score(self, turns: Sequence[Turn]) -> float:
        """Probability, 0..1, that the caller is frustrated in the last of these turns.

        0.5 means more likely than not. Turns without any text are passed over; if the last one is
        such, the score is 0. Turns of a human colleague count as the agent's.

        Raises:
            ValueError: there are no turns, or the last one is not the caller's.
        """
        if not turns or turns[-1].speaker is not Speaker.CALLER:
            raise ValueError("the last turn must be the caller's")
        if not turns[-1].text.strip():
            return 0.0
        spoken = [turn for turn in turns if turn.text.strip()][-TURNS_READ:]
        dialogue = [
            self._reader.read(turn.text).said_by(caller=turn.speaker is Speaker.CALLER)
            for turn in spoken
        ]
        return self._model.probability(features(dialogue), dialogue[-1].embedding)
