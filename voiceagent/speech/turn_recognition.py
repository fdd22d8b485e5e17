"""What a pause of the caller holds: the words up to it, and whether they sound like all.

Enters: the turn's audio up to a pause. Leaves: its words, and how finished it sounds, both from the
model pool. One call's language and hotwords are kept here.
"""

from __future__ import annotations

import asyncio
import logging

from voiceagent.domain.errors import SpeechError
from voiceagent.speech.model_pool import ModelPool, Priority
from voiceagent.speech.recogniser import OnWords, Recogniser
from voiceagent.speech.utterances import Segment, Utterance, recognise, turn_probability

_logger = logging.getLogger(__name__)

UNKNOWN = 0.5
"""How finished a turn sounds that could not be listened to."""


class TurnRecognition:
    """The models as one call uses them.

    Args:
        recogniser: shared by all calls.
        pool: where it runs.
        language: what the caller speaks; None to detect it.
        hotwords: names and terms to expect.
        deadline_s: longest wait for one answer.
        detection_confidence: how sure a detected language must be to be kept for the call.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        pool: ModelPool,
        *,
        language: str | None,
        hotwords: tuple[str, ...],
        deadline_s: float,
        detection_confidence: float,
    ) -> None:
        self._recogniser = recogniser
        self._pool = pool
        self._deadline_s = deadline_s
        self._detection_confidence = detection_confidence
        self.language = language
        self.hotwords = hotwords

    async def words(
        self, part: Segment, priority: Priority, on_words: OnWords | None = None
    ) -> Utterance | None:
        """What was said in this part; None if there were no words in it.

        Args:
            part: the audio.
            priority: how urgent it is.
            on_words: told on the event loop of the words as they are written, a little earlier and
                not yet checked.

        Raises:
            SpeechError: no answer in time, or the pool was too busy.
        """
        loop = asyncio.get_running_loop()
        early: OnWords | None = None
        if on_words is not None:
            told = on_words

            def early(text: str) -> None:
                loop.call_soon_threadsafe(told, text)

        recognition = await self._pool.run(
            priority,
            recognise,
            self._recogniser,
            part,
            self.language,
            self.hotwords,
            early,
            deadline_s=self._deadline_s,
        )
        if not recognition.text:
            return None
        known = recognition.language_probability >= self._detection_confidence
        if self.language is None and known:
            self.language = recognition.language
            _logger.info("language of the call: %s", self.language)
        return part.utterance(recognition)

    async def finished(self, part: Segment) -> float:
        """How likely the turn is over after this part, 0..1, from how it sounds."""
        try:
            return await self._pool.run(
                Priority.FINAL, turn_probability, part, deadline_s=self._deadline_s
            )
        except SpeechError as error:
            _logger.warning("a turn's end is judged by its words alone: %s", error.code)
            return UNKNOWN
