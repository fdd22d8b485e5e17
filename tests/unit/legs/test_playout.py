"""The playout: paced, bounded, cut at once."""

import asyncio

import numpy as np
import pytest

from voiceagent.legs.playout import LONGEST_HUSH_FRAMES, Playout

pytestmark = pytest.mark.unit

SIZE = 320


def tone(level: int, frames: int = 1) -> bytes:
    return (np.ones(SIZE // 2 * frames) * level).astype(np.int16).tobytes()


async def test_send_waits_for_room_and_keeps_order() -> None:
    playout = Playout(SIZE, paced_frames=2)
    sending = asyncio.create_task(playout.send(tone(1) + tone(2) + tone(3) + tone(4)))
    await asyncio.sleep(0)
    assert not sending.done()
    assert playout.queued_frames == 2
    played = []
    while not sending.done() or playout.queued_frames:
        played.append(playout.next_frame())
        await asyncio.sleep(0)
    assert played == [tone(1), tone(2), tone(3), tone(4)]
    assert await sending is True
    assert playout.played_frames == 4


async def test_flush_takes_what_is_queued_and_what_is_being_queued() -> None:
    playout = Playout(SIZE, paced_frames=2)
    sending = asyncio.create_task(playout.send(tone(1, 10)))
    await asyncio.sleep(0)
    assert playout.flush() == 2
    assert await asyncio.wait_for(sending, 5) is False
    assert playout.next_frame() == bytes(SIZE)
    assert await playout.send(tone(7)) is True
    assert playout.next_frame() == tone(7)


async def test_push_drops_the_oldest_beyond_its_bound() -> None:
    playout = Playout(SIZE, limit_frames=3)
    for level in range(1, 6):
        playout.push(tone(level))
    assert playout.dropped_frames == 2
    assert [playout.next_frame() for _ in range(3)] == [tone(3), tone(4), tone(5)]


async def test_odd_pieces_are_cut_into_frames_without_losing_a_sample() -> None:
    playout = Playout(SIZE)
    data = bytes(range(256)) * 5
    for start in range(0, len(data), 100):
        playout.push(data[start : start + 100])
    played = b"".join(playout.next_frame() for _ in range(len(data) // SIZE))
    assert played == data[: len(played)]


async def test_background_fills_silence_and_steps_back_under_speech() -> None:
    playout = Playout(SIZE)
    playout.background = lambda: tone(1600)
    assert playout.next_frame() == tone(1600)
    playout.push(tone(8000))
    assert playout.next_frame() == tone(8200)
    assert playout.next_frame() == tone(1600)


async def test_close_releases_whoever_waits() -> None:
    playout = Playout(SIZE, paced_frames=1)
    sending = asyncio.create_task(playout.send(tone(1, 5)))
    await asyncio.sleep(0)
    playout.close()
    assert await asyncio.wait_for(sending, 5) is False
    await asyncio.wait_for(playout.drained(), 5)


async def test_sound_that_may_not_be_cut_runs_further_ahead() -> None:
    playout = Playout(SIZE, paced_frames=2)
    disclosure = asyncio.create_task(playout.send(tone(1, 8), ahead_frames=5))
    await asyncio.sleep(0)
    assert playout.queued_frames == 5
    # The event loop stalls for four frames: none of them is silence.
    assert [playout.next_frame() for _ in range(4)] == [tone(1)] * 4
    await asyncio.wait_for(disclosure, 5)
    assert playout.queued_frames == 4


async def test_what_may_be_cut_waits_until_the_long_buffer_is_nearly_played() -> None:
    playout = Playout(SIZE, paced_frames=2)
    assert await playout.send(tone(1, 5), ahead_frames=5)
    reply = asyncio.create_task(playout.send(tone(2)))
    for left in (4, 3, 2):
        assert playout.next_frame() == tone(1)
        await asyncio.sleep(0)
        assert playout.queued_frames == left
        assert not reply.done()
    assert playout.next_frame() == tone(1)
    assert await asyncio.wait_for(reply, 5) is True
    assert [playout.next_frame() for _ in range(2)] == [tone(1), tone(2)]


async def test_a_flush_ends_a_wait_behind_the_long_buffer() -> None:
    playout = Playout(SIZE, paced_frames=2)
    assert await playout.send(tone(1, 5), ahead_frames=5)
    reply = asyncio.create_task(playout.send(tone(2)))
    await asyncio.sleep(0)
    assert playout.flush() == 5
    assert await asyncio.wait_for(reply, 5) is False
    assert playout.queued_frames == 0


async def test_a_hush_keeps_what_is_queued_for_later() -> None:
    playout = Playout(SIZE)
    playout.push(tone(1) + tone(2))
    playout.hush()
    assert [playout.next_frame() for _ in range(3)] == [bytes(SIZE)] * 3
    assert (playout.played_frames, playout.queued_frames) == (0, 2)
    playout.speak_on()
    assert [playout.next_frame() for _ in range(2)] == [tone(1), tone(2)]


async def test_a_hush_nobody_ends_is_over_after_a_while() -> None:
    playout = Playout(SIZE)
    playout.push(tone(1))
    playout.hush()
    for _ in range(LONGEST_HUSH_FRAMES):
        assert playout.next_frame() == bytes(SIZE)
    assert playout.next_frame() == tone(1)


async def test_a_flush_ends_a_hush() -> None:
    playout = Playout(SIZE)
    playout.push(tone(1))
    playout.hush()
    playout.flush()
    playout.push(tone(2))
    assert playout.next_frame() == tone(2)
