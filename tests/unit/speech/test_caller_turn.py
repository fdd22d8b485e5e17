"""The caller's turn as sound: what is cut out of the stream, and where."""

import numpy as np
import pytest

from voiceagent.speech.caller_turn import TurnAudio, TurnAudioOptions

pytestmark = pytest.mark.unit

RATE = 8000
OPTIONS = TurnAudioOptions(lead_in_ms=200, settle_ms=3000, longest_ms=4000, history_ms=1000)


def counted(start: int, samples: int) -> bytes:
    """Samples that say where they are."""
    return (np.arange(start, start + samples) % 30000).astype(np.int16).tobytes()


def feed(audio: TurnAudio, ms: int) -> list[object]:
    parts = []
    for _ in range(ms // 20):
        part = audio.append(counted(audio.position, 160))
        if part is not None:
            parts.append(part)
    return parts


def first_sample(pcm: bytes) -> int:
    return int(np.frombuffer(pcm, np.int16)[0])


def test_a_turn_has_its_lead_in_and_all_its_pauses() -> None:
    audio = TurnAudio(RATE, OPTIONS)
    feed(audio, 1000)
    audio.begin(900 * 8)
    feed(audio, 500)
    first = audio.pause(1400 * 8)
    assert (first.start, first.end) == (900 * 8, 1400 * 8)
    assert first_sample(first.pcm) == 700 * 8
    assert len(first.pcm) // 2 == 800 * 8
    feed(audio, 1000)
    whole = audio.pause(2400 * 8)
    assert (whole.start, whole.end) == (900 * 8, 2400 * 8)
    assert whole.pcm.startswith(first.pcm)


def test_the_next_turn_begins_after_the_last() -> None:
    audio = TurnAudio(RATE, OPTIONS)
    audio.begin(0)
    feed(audio, 500)
    audio.pause(450 * 8)
    audio.end(450 * 8)
    assert not audio.running
    feed(audio, 100)
    audio.begin(500 * 8)
    segment = audio.pause(600 * 8)
    assert first_sample(segment.pcm) == 450 * 8


def test_what_is_settled_is_not_recognised_again() -> None:
    audio = TurnAudio(RATE, OPTIONS)
    audio.begin(0)
    feed(audio, 3200)
    part = audio.pause(3100 * 8)
    assert audio.is_long(part)
    audio.settle(part.end)
    feed(audio, 800)
    rest = audio.pause(3900 * 8)
    assert (rest.start, rest.end) == (3100 * 8, 3900 * 8)
    assert first_sample(rest.pcm) == 3100 * 8
    assert not audio.is_long(rest)


def test_speech_without_a_pause_is_cut_before_it_is_too_long() -> None:
    audio = TurnAudio(RATE, OPTIONS)
    audio.begin(0)
    (part,) = feed(audio, 5000)
    assert not part.complete  # type: ignore[attr-defined]
    rest = audio.pause(5000 * 8)
    assert rest.start == part.end  # type: ignore[attr-defined]
    assert part.pcm + rest.pcm == counted(0, 5000 * 8)  # type: ignore[attr-defined]


def test_a_long_silence_is_forgotten() -> None:
    audio = TurnAudio(RATE, OPTIONS)
    feed(audio, 60_000)
    audio.begin(10_000 * 8)
    segment = audio.pause(60_000 * 8)
    assert len(segment.pcm) // 2 <= 1000 * 8


def test_without_a_turn_there_is_no_pause() -> None:
    with pytest.raises(ValueError, match="no turn"):
        TurnAudio(RATE).pause(0)
