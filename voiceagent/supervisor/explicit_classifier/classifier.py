"""Whether a caller's turn asks for a person, threatens, means to leave or tells of distress.

In: the turns of a call, the caller's newest one last. Out: a probability for each kind. It blocks
for some milliseconds a piece of the turn (a second when the encoder is first loaded), so call it
from a worker thread.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.supervisor.explicit_classifier.model import TriggerModel, shipped_model
from voiceagent.supervisor.explicit_classifier.pieces import pieces
from voiceagent.supervisor.frustration.embedding import SentenceEncoder, UniversalSentenceEncoder

TEXTS_REMEMBERED = 256
"""Short answers come again and again; their probabilities are kept."""


class TriggerClassifier:
    """Reads the caller's newest turn. Safe to share between calls and threads.

    Args:
        encoder: makes vectors of texts; the multilingual sentence encoder unless given. Hand in
            the one the frustration score uses, so that it is loaded once.
        model: trained weights; those of the package unless given.
    """

    def __init__(
        self, encoder: SentenceEncoder | None = None, model: TriggerModel | None = None
    ) -> None:
        self._encoder = encoder or UniversalSentenceEncoder()
        self._model = model or shipped_model()
        self._lock = threading.Lock()
        self._known: OrderedDict[str, dict[str, float]] = OrderedDict()

    def probabilities(self, turns: Sequence[Turn]) -> dict[str, float]:
        """``TriggerKind`` value to probability, 0..1, for the last of these turns.

        A turn is judged as a whole and by its strongest piece. Only the caller's own words are
        read: what an answer to an offered person means is known without a model.

        Raises:
            ValueError: there are no turns, or the last one is not the caller's.
        """
        if not turns or turns[-1].speaker is not Speaker.CALLER:
            raise ValueError("the last turn must be the caller's")
        text = turns[-1].text.strip()
        with self._lock:
            if known := self._known.get(text):
                self._known.move_to_end(text)
                return dict(known)
        found = self._read(text)
        with self._lock:
            self._known[text] = found
            while len(self._known) > TEXTS_REMEMBERED:
                self._known.popitem(last=False)
        return dict(found)

    def _read(self, text: str) -> dict[str, float]:
        cut = pieces(text)
        if not cut:
            return dict.fromkeys(self._model.kinds, 0.0)
        decided = self._model.decide(cut, self._encoder.encode(cut))
        sure = self._model.probabilities(self._model.of_turn(decided))
        return {kind: round(float(p), 4) for kind, p in zip(self._model.kinds, sure, strict=True)}
