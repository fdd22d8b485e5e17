"""The caller's words, as pipecat wants them: a speech-to-text service that owns the whole ear.

Enters: the caller's audio (``InputAudioRawFrame``, 8 or 16 kHz). Leaves, per turn of the caller:

- ``ProposedUserStartedSpeakingFrame`` at the onset, or, over the agent's voice, as soon as it is
  clear that the caller wants the floor: until then the agent only falls silent, and goes on after
  an "mhm" (``UserBackchannelFrame``) or a cough;
- ``EagerTranscriptionFrame`` soon after each pause: the turn up to there, which may be all of it;
  ``EagerEndOfTurnCancelFrame`` when the caller goes on;
- ``TranscriptionFrame`` with an :class:`~.utterances.Utterance` in ``result``, then
  ``ProposedUserStoppedSpeakingFrame``, once the caller has been silent for long enough; or
  :class:`NothingHeardFrame` in place of the words.

Recognition starts at the first moment of silence, and Smart Turn as soon as words are written, so
that the words, the guess and the wait that fits them (:mod:`~.endpointing`) are there while the
caller is still being waited for. Silence is counted in the call's own audio time
(:attr:`ListeningService.audio_ms`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import partial

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    ControlFrame,
    Frame,
    InputAudioRawFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    TranscriptionFrame,
    UserBackchannelFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.transcriptions.language import Language
from pipecat.turns.eager_end_of_turn_mixin import EagerEndOfTurnSTTServiceMixin
from pipecat.utils.time import time_now_iso8601

from voiceagent.domain.errors import SpeechError
from voiceagent.speech.back_channels import is_back_channel
from voiceagent.speech.caller_turn import TurnAudio
from voiceagent.speech.endpointing import Expectation, HeardSoFar, silence_needed_ms
from voiceagent.speech.floor import Floor
from voiceagent.speech.listening_options import ListeningOptions
from voiceagent.speech.model_pool import ModelPool, Priority
from voiceagent.speech.pause_habit import PauseHabit
from voiceagent.speech.recogniser import OnWords, Recogniser
from voiceagent.speech.turn_recognition import UNKNOWN, TurnRecognition
from voiceagent.speech.turn_state import CallerTurn, TurnDraft
from voiceagent.speech.turn_words import never_ends_so
from voiceagent.speech.utterances import Segment, Utterance, joined_utterance
from voiceagent.speech.voice_activity import SpeechOffset, SpeechOnset, VoiceActivity

_logger = logging.getLogger(__name__)


@dataclass
class NothingHeardFrame(ControlFrame):
    """The caller made sound, and no words were recognised in it.

    Attributes:
        spoken_ms: how long the sound was.
    """

    spoken_ms: int = 0


class ListeningService(EagerEndOfTurnSTTServiceMixin, STTService):
    """Hears one caller.

    Args:
        recogniser: shared by all calls.
        pool: where it runs; a caller who has stopped speaking goes before everybody else.
        options: see :class:`ListeningOptions`.
        floor: the agent's voice; None if it needs not be silenced early.
        asked: tells what the agent has just asked for.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        pool: ModelPool,
        options: ListeningOptions | None = None,
        floor: Floor | None = None,
        asked: Callable[[], Expectation] = lambda: Expectation.OPEN,
    ) -> None:
        self._listening = options or ListeningOptions()
        language = self._listening.language
        super().__init__(
            enable_eager_end_of_turn=True,
            # Unused: the turn's end is decided here, with its transcript in hand.
            ttfs_p99_latency=self._listening.deadline_s,
            settings=STTSettings(model="whisper", language=language),
        )
        self._recognition = TurnRecognition(
            recogniser,
            pool,
            language=language,
            hotwords=self._listening.hotwords,
            deadline_s=self._listening.deadline_s,
            detection_confidence=self._listening.detection_confidence,
        )
        self._floor = floor
        self._asked = asked
        self._activity: VoiceActivity | None = None
        self._audio: TurnAudio | None = None
        self._turn: CallerTurn | None = None
        self._habit = PauseHabit(self._listening.habit)

    @property
    def audio_ms(self) -> int:
        """The call's clock: milliseconds of the caller's audio received so far."""
        return self._audio.ms(self._audio.position) if self._audio else 0

    @property
    def language(self) -> str | None:
        """The call's language: as given, or as detected; None until then."""
        return self._recognition.language

    def can_generate_metrics(self) -> bool:
        """True: the audio recognised is measured."""
        return True

    def language_to_service_language(self, language: Language) -> str:
        """Whisper's name of a language: its primary tag."""
        return str(language.value).split("-", maxsplit=1)[0]

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:  # noqa: ARG002
        """Not used: audio is followed frame by frame (:meth:`process_audio_frame`)."""
        nothing: tuple[Frame, ...] = ()
        for frame in nothing:
            yield frame

    async def cleanup(self) -> None:
        """Stop recognising."""
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.cancel()
        await super().cleanup()  # type: ignore[no-untyped-call]

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take note of the agent's voice as well."""
        if isinstance(frame, BotStartedSpeakingFrame):
            self._habit.agent_began(self.audio_ms)
        await super().process_frame(frame, direction)

    async def process_audio_frame(
        self,
        frame: InputAudioRawFrame,
        direction: FrameDirection,  # noqa: ARG002
    ) -> None:
        """Follow the caller's speech by one frame."""
        if self._activity is None or self._audio is None:
            # The frame says its own rate; the pipeline's setting may be wrong about it.
            self._activity = VoiceActivity(frame.sample_rate, self._listening.activity)
            self._audio = TurnAudio(frame.sample_rate, self._listening.audio)
        elif frame.sample_rate != self._audio.sample_rate_hz:
            await self.push_error("the sample rate of the caller's audio changed during the call")
            return
        part = self._audio.append(frame.audio)
        if part is not None and self._turn is not None:
            # Nobody waits for it yet: the caller is still speaking.
            self._turn.settled.append(self._recognising(part, Priority.INTERIM))
        for edge in self._activity.feed(frame.audio):
            if isinstance(edge, SpeechOnset):
                await self._speech_began(self._audio, edge)
            elif self._turn is not None:
                await self._speech_paused(self._audio, self._turn, edge)
        await self._follow(self._audio)

    async def _follow(self, audio: TurnAudio) -> None:
        """What time alone decides: a barge-in that lasts, a silence that is long enough."""
        turn = self._turn
        if turn is None:
            return
        if turn.speaking:
            if audio.ms(audio.position - turn.onset) >= self._listening.barge_in_ms:
                await self._announce(turn)
        elif turn.draft and audio.ms(audio.position - turn.end) >= turn.draft.needed_ms:
            await self._commit(audio, turn, turn.draft)

    async def _speech_began(self, audio: TurnAudio, onset: SpeechOnset) -> None:
        turn = self._turn
        if turn is None:
            self._habit.turn_began(audio.ms(onset.at))
            audio.begin(onset.at)
            turn = self._turn = CallerTurn(onset=onset.at)
            hushed = self._floor is not None and self._floor.hush()
        else:
            turn.longest_pause_ms = max(turn.longest_pause_ms, audio.ms(onset.at - turn.end))
            turn.resume(audio)
            await self._withdraw(turn)
            hushed = not turn.announced
        await self.push_frame(VADUserStartedSpeakingFrame())
        if not hushed:
            await self._announce(turn)

    async def _speech_paused(
        self, audio: TurnAudio, turn: CallerTurn, offset: SpeechOffset
    ) -> None:
        turn.speaking, turn.end = False, offset.at
        turn.part = audio.pause(offset.at)
        turn.drafting = self._recognising(
            turn.part, Priority.FINAL, partial(self._on_early_words, turn, turn.part)
        )
        turn.waiting = self.create_task(self._draft(audio, turn, turn.part, turn.drafting))
        silent_for = audio.position - offset.at
        await self.push_frame(
            VADUserStoppedSpeakingFrame(stop_secs=silent_for / audio.sample_rate_hz)
        )

    async def _announce(self, turn: CallerTurn) -> None:
        """The caller has the floor."""
        if not turn.announced:
            turn.announced = True
            await self.push_frame(ProposedUserStartedSpeakingFrame())

    # What was said in it.

    async def _draft(
        self,
        audio: TurnAudio,
        turn: CallerTurn,
        part: Segment,
        drafting: asyncio.Task[Utterance | None],
    ) -> None:
        """Find out what the pause holds, guess, and see whether the turn is over already."""
        # Shielded: when the caller goes on, this wait ends, but the words may still count.
        parts = [await asyncio.shield(each) for each in (*turn.settled, drafting)]
        said = [each for each in parts if each is not None]
        if not said:
            # Over the agent, a cough: there is nothing to wait for.
            needed_ms = self._listening.unheard_ms if turn.announced else 0
            turn.draft = TurnDraft(None, needed_ms)
            await self._withdraw(turn)
            await self._follow(audio)
            return
        utterance = joined_utterance(said)
        if not turn.announced and is_back_channel(utterance.text, utterance.language):
            turn.draft = TurnDraft(utterance, self._listening.back_channel_ms)
            await self._follow(audio)
            return
        heard = HeardSoFar(
            text=utterance.text,
            finished=await self._finished(turn, part, utterance),
            confidence=utterance.confidence,
            end_mark=utterance.end_mark,
            language=utterance.language,
            expected=self._asked(),
            longest_pause_ms=max(self._habit.longest_ms, turn.longest_pause_ms),
        )
        needed_ms = silence_needed_ms(heard, self._listening.endpointing)
        turn.draft = TurnDraft(utterance, needed_ms)
        await self._announce(turn)
        if _may_be_all(utterance.text, utterance.language):
            await self._guess(turn, utterance.text, utterance.language)
        else:
            await self._withdraw(turn)
        await self._follow(audio)

    async def _finished(self, turn: CallerTurn, part: Segment, said: Utterance) -> float:
        """How finished the turn sounds, where that matters."""
        if not _may_be_all(said.text, said.language):
            return UNKNOWN
        if turn.finishing is None:
            turn.finishing = self._listening_to_the_end_of(part)
        return await turn.finishing

    def _on_early_words(self, turn: CallerTurn, part: Segment, text: str) -> None:
        """The words are written, and still being checked: what needs only them may begin."""
        language = self._recognition.language
        if self._turn is not turn or turn.part is not part or turn.draft is not None:
            return
        if language is None or not _may_be_all(text, language):
            return
        # Not earlier: most pauses are over by now, and beside the recogniser it slows that down.
        turn.finishing = self._listening_to_the_end_of(part)
        if turn.announced and not turn.settled:
            turn.guessing = self.create_task(self._guess(turn, text, language))

    def _listening_to_the_end_of(self, part: Segment) -> asyncio.Task[float]:
        return asyncio.create_task(self._recognition.finished(part), name="smart-turn")

    async def _guess(self, turn: CallerTurn, text: str, language: str) -> None:
        if self._turn is not turn or turn.speaking or turn.guess == text:
            return
        await self._withdraw(turn)
        turn.guess = text
        await self._push_eager_end_of_turn(text, user_id=self._user_id, language=Language(language))

    async def _withdraw(self, turn: CallerTurn) -> None:
        if turn.guess:
            turn.guess = ""
            await self._cancel_eager_end_of_turn()  # type: ignore[no-untyped-call]

    def _recognising(
        self, part: Segment, priority: Priority, on_words: OnWords | None = None
    ) -> asyncio.Task[Utterance | None]:
        return asyncio.create_task(self._recognise(part, priority, on_words), name="recognise-turn")

    async def _recognise(
        self, part: Segment, priority: Priority, on_words: OnWords | None
    ) -> Utterance | None:
        self._record_stt_audio_usage(part.pcm)
        try:
            said = await self._recognition.words(part, priority, on_words)
        except SpeechError as error:
            _logger.warning("speech was not recognised: %s", error.code)
            await self.push_error(f"{error.code}: {error.problem}")
            return None
        await self.emit_stt_usage_metrics()  # type: ignore[no-untyped-call]
        return said

    async def _commit(self, audio: TurnAudio, turn: CallerTurn, draft: TurnDraft) -> None:
        """The turn is over. Nothing is awaited before that is settled here."""
        self._turn = None
        audio.end(turn.end)
        self._habit.turn_ended(audio.ms(turn.end), turn.longest_pause_ms)
        self._clear_eager_end_of_turn()  # type: ignore[no-untyped-call]
        said = draft.utterance
        if turn.announced:
            if said is None:
                spoken_ms = audio.ms(turn.end - turn.onset)
                await self.push_frame(NothingHeardFrame(spoken_ms=spoken_ms))
            else:
                await self.push_frame(
                    TranscriptionFrame(
                        said.text,
                        self._user_id,
                        time_now_iso8601(),
                        Language(said.language),
                        result=said,
                        finalized=True,
                    )
                )
            await self.push_frame(ProposedUserStoppedSpeakingFrame())
            return
        if said is not None:
            await self.push_frame(
                UserBackchannelFrame(said.text, self._user_id, time_now_iso8601())
            )
        if self._floor is not None:
            self._floor.speak_on()


def _may_be_all(text: str, language: str) -> bool:
    """Whether a guess on these words is worth what it costs."""
    return bool(text) and not never_ends_so(text, language)
