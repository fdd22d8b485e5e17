"""How a call is listened to, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field

from voiceagent.speech.caller_turn import TurnAudioOptions
from voiceagent.speech.endpointing import EndpointingOptions
from voiceagent.speech.pause_habit import PauseHabitOptions
from voiceagent.speech.voice_activity import VoiceActivityOptions


@dataclass(frozen=True, slots=True)
class ListeningOptions:
    """How a call is listened to.

    Attributes:
        language: what the caller speaks; None to find out from their first clear utterance.
        hotwords: names and terms to expect, such as the customer's name.
        deadline_s: longest wait for one recognition. A reply later than this is no conversation.
        detection_confidence: how sure a detected language must be to be kept for the call.
        barge_in_ms: speech over the agent this long takes the floor, whatever the words.
        back_channel_ms: silence after an "mhm" before the agent goes on.
        unheard_ms: silence after speech without recognised words before its turn is given up.
        endpointing: how long the caller is waited for.
        habit: what counts as a pause of the caller.
        activity: how eagerly speech is found. Its offset is the pause at which recognition starts;
            shorter costs a recognition at every stop consonant.
        audio: how a turn's audio is kept.
    """

    language: str | None = None
    hotwords: tuple[str, ...] = ()
    deadline_s: float = 8.0
    detection_confidence: float = 0.8
    barge_in_ms: int = 700
    back_channel_ms: int = 300
    unheard_ms: int = 800
    endpointing: EndpointingOptions = field(default_factory=EndpointingOptions)
    habit: PauseHabitOptions = field(default_factory=PauseHabitOptions)
    activity: VoiceActivityOptions = field(
        default_factory=lambda: VoiceActivityOptions(offset_ms=64)
    )
    audio: TurnAudioOptions = field(default_factory=TurnAudioOptions)
