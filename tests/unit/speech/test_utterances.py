"""Segments: what audio they hold, where they say it lies, and what happens to long speech."""

import numpy as np
import pytest

from voiceagent.speech.audio import AudioHistory, float_to_pcm, pcm_to_float, quietest_position
from voiceagent.speech.recognition import Recognition
from voiceagent.speech.utterances import Segmenter, SegmentOptions, Utterance

pytestmark = pytest.mark.unit

RATE_HZ = 8000
OPTIONS = SegmentOptions(lead_in_ms=250, tail_ms=200, max_ms=20000, history_ms=2000)


def counted(first: int, last: int) -> bytes:
    """Samples that tell their own position (modulo 2**15)."""
    return (np.arange(first, last) % 32768).astype("<i2").tobytes()


def feed(segmenter: Segmenter, until_ms: int) -> None:
    while segmenter.position < until_ms * 8:
        start = segmenter.position
        assert segmenter.append(counted(start, start + 160)) is None


def first_sample(pcm: bytes) -> int:
    return int(np.frombuffer(pcm[:2], "<i2")[0])


def test_a_segment_has_lead_in_and_tail_around_the_speech() -> None:
    segmenter = Segmenter(RATE_HZ, OPTIONS)
    feed(segmenter, 1000)
    segmenter.begin(900 * 8)
    feed(segmenter, 2000)
    segment = segmenter.end(1800 * 8)
    assert segment is not None
    assert (segment.start, segment.end, segment.complete) == (7200, 14400, True)
    assert first_sample(segment.pcm) == 650 * 8
    assert len(segment.pcm) == (2000 - 650) * 8 * 2
    assert not segmenter.speaking


def test_the_next_segment_does_not_hear_the_end_of_the_one_before() -> None:
    segmenter = Segmenter(RATE_HZ, OPTIONS)
    feed(segmenter, 1000)
    segmenter.begin(500 * 8)
    first = segmenter.end(900 * 8)
    feed(segmenter, 1500)
    segmenter.begin(1100 * 8)
    second = segmenter.end(1400 * 8)
    assert first is not None
    assert second is not None
    assert first_sample(second.pcm) == 1000 * 8


def test_long_silence_is_forgotten_but_still_counted() -> None:
    segmenter = Segmenter(RATE_HZ, OPTIONS)
    feed(segmenter, 60_000)
    segmenter.begin(59_900 * 8)
    feed(segmenter, 60_500)
    segment = segmenter.end(60_400 * 8)
    assert segment is not None
    assert segment.utterance(Recognition("hello", "en", 0.9, 0.0)) == Utterance(
        "hello", 59_900, 60_400, 0.9, "en"
    )
    assert first_sample(segment.pcm) == 59_650 * 8 % 32768


def test_speech_without_end_comes_in_parts_cut_where_it_is_quiet() -> None:
    segmenter = Segmenter(RATE_HZ, OPTIONS)
    time = np.arange(45 * RATE_HZ) / RATE_HZ
    # A pause of 300 ms every 4 seconds.
    audio = (0.3 * np.sin(2 * np.pi * 200 * time) * (time % 4 < 3.7)).astype(np.float32)
    pcm = float_to_pcm(audio)
    segmenter.append(pcm[:320])
    segmenter.begin(0)
    parts = []
    for start in range(320, len(pcm), 320):
        if (part := segmenter.append(pcm[start : start + 320])) is not None:
            parts.append(part)
    last = segmenter.end(segmenter.position)
    assert last is not None
    assert len(parts) == 2
    assert not any(part.complete for part in parts)
    assert last.complete
    for part in parts:
        assert part.end / RATE_HZ % 4 > 3.7
    joined = b"".join(segment.pcm for segment in [*parts, last])
    assert joined == pcm


def test_an_end_without_a_beginning_is_nothing() -> None:
    segmenter = Segmenter(RATE_HZ, OPTIONS)
    feed(segmenter, 500)
    assert segmenter.end(400 * 8) is None


def test_history_forgets_but_keeps_positions() -> None:
    history = AudioHistory(keep=100)
    for start in range(0, 1000, 10):
        history.append(counted(start, start + 10))
    assert history.end == 1000
    assert 875 <= history.start <= 900
    assert history.cut(950, 960) == counted(950, 960)
    assert history.cut(0, 10) == b""
    assert history.cut(990, 2000) == counted(990, 1000)


def test_pcm_survives_the_round_trip_and_is_clipped() -> None:
    pcm = np.array([-32768, -1, 0, 1, 32767], "<i2").tobytes()
    assert float_to_pcm(pcm_to_float(pcm)) == pcm
    assert (
        float_to_pcm(np.array([-3.0, 3.0], np.float32))
        == np.array([-32768, 32767], "<i2").tobytes()
    )
    assert pcm_to_float(b"\x00\x40\x01").tolist() == [0.5]


def test_the_quietest_place_is_found() -> None:
    audio = np.ones(16000, np.float32)
    audio[9000:10600] = 0.001
    assert 9000 <= quietest_position(audio, 16000) <= 10600
