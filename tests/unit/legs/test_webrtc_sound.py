"""Between packets and frames: order, gaps, bounded delay; no socket, no clock."""

from __future__ import annotations

import asyncio
import itertools
from fractions import Fraction

import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket
from av import AudioFrame, CodecContext
from av.audio.codeccontext import AudioCodecContext
from av.packet import Packet

from tests.unit.legs.browsers import level, pitch_hz, tone_pcm
from voiceagent.legs.webrtc_sound import ArrivalBuffer, Arrivals, InOrder, OpusTrack

pytestmark = pytest.mark.unit

SIZE = 960
"""Bytes of 20 ms at 24 kHz."""


def frame(n: int) -> bytes:
    return n.to_bytes(2, "little") * (SIZE // 2)


def number(pcm: bytes | None) -> int | None:
    return int.from_bytes(pcm[:2], "little") if pcm is not None else None


# Packets.


def packet(sequence_number: int) -> RtpPacket:
    made = RtpPacket(payload_type=111, sequence_number=sequence_number % 65536, timestamp=0)
    made._data = str(sequence_number).encode()  # type: ignore[attr-defined]
    return made


def let_through(*numbers: int) -> list[int]:
    order = InOrder()
    frames = [order.add(packet(n))[1] for n in numbers]
    return [int(f.data) for f in frames if f is not None]


def test_a_packet_is_let_through_as_it_comes() -> None:
    assert let_through(5, 6, 7) == [5, 6, 7]


def test_after_a_lost_packet_nothing_is_held_back() -> None:
    assert let_through(5, 7, 8) == [5, 7, 8]


def test_an_overtaken_or_repeated_packet_is_dropped() -> None:
    assert let_through(5, 7, 6, 7, 8) == [5, 7, 8]


def test_sequence_numbers_wrap() -> None:
    assert let_through(65535, 65536, 65538, 65537) == [65535, 65536, 65538]


def test_a_stream_that_begins_anew_is_taken_up() -> None:
    assert let_through(30_000, 10, 11) == [30_000, 10, 11]


# The buffer.


def test_nothing_is_given_out_before_two_frames_are_in_hand() -> None:
    buffer = ArrivalBuffer(SIZE)
    buffer.push(frame(1))
    assert buffer.next_frame() is None
    buffer.push(frame(2))
    assert [number(buffer.next_frame()) for _ in range(2)] == [1, 2]
    assert buffer.missing_frames == 0


def test_a_late_frame_is_missed_and_still_played() -> None:
    buffer = ArrivalBuffer(SIZE)
    buffer.push(frame(1) + frame(2))
    heard = [number(buffer.next_frame()) for _ in range(3)]
    buffer.push(frame(3))
    heard.append(number(buffer.next_frame()))
    assert heard == [1, 2, None, 3]
    assert buffer.missing_frames == 1


def test_beyond_the_limit_the_oldest_go() -> None:
    buffer = ArrivalBuffer(SIZE)
    for n in range(10):
        buffer.push(frame(n))
    assert buffer.queued_frames == 6
    assert buffer.dropped_frames == 4
    assert number(buffer.next_frame()) == 4


def test_sound_of_any_length_is_cut_into_frames() -> None:
    buffer = ArrivalBuffer(SIZE)
    whole = frame(1) + frame(2)
    for i in range(0, len(whole), 700):
        buffer.push(whole[i : i + 700])
    assert [buffer.next_frame(), buffer.next_frame()] == [frame(1), frame(2)]


def played(buffer: ArrivalBuffer, frames: range) -> list[int | None]:
    """What is given out while one frame comes per tick."""
    heard = []
    for n in frames:
        heard.append(number(buffer.next_frame()))
        buffer.push(frame(n))
    return heard


def test_a_burst_at_the_beginning_is_given_back_at_once() -> None:
    buffer = ArrivalBuffer(SIZE)
    for n in range(6):
        buffer.push(frame(n))
    heard = played(buffer, range(6, 56))
    assert heard == [*range(25), *range(29, 54)]
    assert (buffer.queued_frames, buffer.dropped_frames, buffer.missing_frames) == (2, 4, 0)


def test_a_delay_left_behind_later_is_given_back_a_frame_at_a_time() -> None:
    buffer = ArrivalBuffer(SIZE)
    buffer.push(frame(0) + frame(1))
    heard = played(buffer, range(2, 52))
    for n in range(52, 56):
        buffer.push(frame(n))
    heard += played(buffer, range(56, 556))
    assert None not in heard
    steps = [b - a for a, b in itertools.pairwise(heard)]  # type: ignore[operator]
    assert set(steps) == {1, 2}
    assert (buffer.queued_frames, buffer.dropped_frames, buffer.missing_frames) == (2, 4, 0)


def test_a_steady_stream_loses_nothing() -> None:
    buffer = ArrivalBuffer(SIZE)
    buffer.push(frame(0) + frame(1))
    assert played(buffer, range(2, 1000)) == list(range(998))
    assert buffer.dropped_frames == 0


def test_cleared_it_holds_nothing_of_before() -> None:
    buffer = ArrivalBuffer(SIZE)
    buffer.push(frame(1) + frame(2) + b"\x09\x09")
    buffer.clear()
    buffer.push(frame(3))
    assert buffer.next_frame() is None
    buffer.push(frame(4))
    assert [number(buffer.next_frame()) for _ in range(2)] == [3, 4]


# Decoded frames to the leg's rate.


def decoded(pcm: bytes, pts: int, channels: int = 2) -> AudioFrame:
    samples = np.repeat(np.frombuffer(pcm, np.int16), channels)[None, :]
    made = AudioFrame.from_ndarray(
        samples, format="s16", layout="stereo" if channels == 2 else "mono"
    )
    made.sample_rate = 48_000
    made.pts = pts
    made.time_base = Fraction(1, 48_000)
    return made


@pytest.mark.parametrize("rate", [8000, 16_000, 24_000, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_sound_keeps_its_pitch_and_level(rate: int, channels: int) -> None:
    arrivals = Arrivals(rate)
    sound = tone_pcm(500, 1.0, 48_000)
    heard = b""
    for n in range(50):
        arrivals.push(decoded(sound[n * 1920 : (n + 1) * 1920], n * 960, channels))
        heard += arrivals.buffer.next_frame() or b""
    assert arrivals.buffer.missing_frames == 0
    assert pitch_hz(heard, rate) == pytest.approx(500, abs=2)
    assert level(heard, rate, 500) == pytest.approx(8000, rel=0.05)


def test_the_resampler_holds_back_less_than_a_millisecond() -> None:
    arrivals = Arrivals(24_000)
    for n in range(5):
        arrivals.push(decoded(bytes(1920), n * 960))
    held_back = 5 * SIZE - arrivals.buffer.queued_frames * SIZE - len(arrivals.buffer._rest)
    assert 0 <= held_back / 48 < 1


def test_a_lost_packet_leaves_its_gap_and_shifts_nothing() -> None:
    arrivals = Arrivals(48_000)
    sound = b"".join(frame(n) * 2 for n in range(1, 11))
    heard: list[int | None] = []
    for n in range(10):
        if n != 5:
            arrivals.push(decoded(sound[n * 1920 : (n + 1) * 1920], n * 960))
        if n:
            heard.append(number(arrivals.buffer.next_frame()))
    assert heard == [1, 2, 3, 4, 5, 0, 7, 8, 9]
    assert arrivals.buffer.missing_frames == 1


def test_a_long_silence_of_the_browser_is_not_played_afterwards() -> None:
    arrivals = Arrivals(48_000)
    for n in (0, 1):
        arrivals.push(decoded(frame(n) * 2, n * 960))
    for _ in range(50):
        arrivals.buffer.next_frame()
    arrivals.push(decoded(frame(9) * 2, 50 * 960))
    assert arrivals.buffer.queued_frames <= 3


# Packets to the browser.


async def test_frames_become_opus_packets_that_keep_their_time() -> None:
    track = OpusTrack(24_000)
    decoder = CodecContext.create("libopus", "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.format, decoder.layout, decoder.sample_rate = "s16", "mono", 48_000
    sound = tone_pcm(1000, 1.0)
    times: list[int | None] = []
    heard = b""
    for n in range(50):
        track.send(sound[n * SIZE : (n + 1) * SIZE], n if n < 25 else n + 10)
        packet = await asyncio.wait_for(track.recv(), 10)
        times.append(packet.pts)
        heard += b"".join(f.to_ndarray().tobytes() for f in decoder.decode(Packet(bytes(packet))))
    assert times == [n * 960 for n in [*range(25), *range(35, 60)]]
    assert pitch_hz(heard, 48_000) == pytest.approx(1000, abs=2)


async def test_packets_nobody_takes_are_bounded() -> None:
    track = OpusTrack(24_000)
    for n in range(100):
        track.send(bytes(SIZE), n)
    assert (await asyncio.wait_for(track.recv(), 10)).pts == 94 * 960


async def test_whoever_waits_for_a_packet_is_told_of_the_end() -> None:
    track = OpusTrack(24_000)
    waiting = asyncio.create_task(track.recv())
    await asyncio.sleep(0)
    track.stop()
    with pytest.raises(MediaStreamError):
        await asyncio.wait_for(waiting, 10)
