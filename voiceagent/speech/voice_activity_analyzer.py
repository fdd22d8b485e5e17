"""Voice activity where pipecat looks for it: an analyzer for the user aggregator.

Enters: the pipeline's input audio. Leaves: pipecat's two lasting states, speaking and quiet, from
which it makes its frames; and, for the parts of this package, the exact positions.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams, VADState

from voiceagent.speech.voice_activity import WINDOW_MS, VoiceActivity, VoiceActivityOptions


class VoiceActivityAnalyzer(VADAnalyzer):
    """:class:`VoiceActivity` as pipecat's user aggregator wants it.

    Give it to ``LLMUserAggregatorParams(vad_analyzer=...)`` and to
    :class:`~voiceagent.speech.listening.ListeningService`, which reads the exact positions from it.
    One analyzer serves one stream.
    """

    def __init__(self, options: VoiceActivityOptions | None = None) -> None:
        self._activity_options = options or VoiceActivityOptions()
        self._activity: VoiceActivity | None = None
        super().__init__(
            params=VADParams(
                confidence=self._activity_options.onset_probability,
                start_secs=self._activity_options.onset_ms / 1000,
                stop_secs=self._activity_options.offset_ms / 1000,
                min_volume=0.0,
            )
        )

    @property
    def activity(self) -> VoiceActivity | None:
        """The detector behind, once the pipeline has told the sample rate."""
        return self._activity

    def num_frames_required(self) -> int:
        """Samples pipecat should collect per analysis: one window of Silero."""
        return WINDOW_MS * self.sample_rate // 1000

    def voice_confidence(self, buffer: bytes) -> float:  # noqa: ARG002
        """Whether speech is running, as 0 or 1; pipecat asks only through its own state machine.

        That machine is replaced here (see :meth:`analyze_audio`).
        """
        return float(self._activity is not None and self._activity.speaking)

    def set_params(self, params: VADParams) -> None:
        """Change onset and offset times; positions and speech in progress go on."""
        super().set_params(params)
        self._activity_options = replace(
            self._activity_options,
            onset_probability=params.confidence,
            onset_ms=round(params.start_secs * 1000),
            offset_ms=round(params.stop_secs * 1000),
        )
        if self._activity is None or self._activity.sample_rate_hz != self.sample_rate:
            self._activity = VoiceActivity(self.sample_rate, self._activity_options)
        else:
            self._activity.reconfigure(self._activity_options)

    async def analyze_audio(self, buffer: bytes) -> VADState:
        """Take in the next samples; return whether speech is running after them."""
        activity = self._activity
        if activity is None:
            return VADState.QUIET
        if activity.attentive:
            # Silero runs: off the event loop, in the thread the base class keeps for it.
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._executor, activity.feed, buffer)
        else:
            # Microseconds, except for the one frame per utterance that wakes Silero up.
            activity.feed(buffer)
        return VADState.SPEAKING if activity.speaking else VADState.QUIET
