"""The recorded leg: rings, answers or not, plays in real time, ends once."""

import asyncio

import numpy as np
import pytest

from voiceagent.domain.errors import LegBusyError, LegDeclinedError, LegError, LegNoAnswerError
from voiceagent.legs.far_end import Line, Moment, RecordedPerson
from voiceagent.legs.impairments import Impairments
from voiceagent.legs.leg import Gone, Key, Sound
from voiceagent.legs.recorded import Behaviour, RecordedLeg, RecordedLegOptions

pytestmark = pytest.mark.unit

CLIP = (np.arange(160 * 6) % 1000 + 1).astype(np.int16).tobytes()


def leg(
    *lines: Line, behaviour: Behaviour = Behaviour.ACCEPT, impairments: Impairments | None = None
) -> RecordedLeg:
    options = RecordedLegOptions(
        behaviour=behaviour, ring_ms=10, impairments=impairments or Impairments()
    )
    return RecordedLeg(RecordedPerson(lines, 320, 10_000), options)


async def everything(line: RecordedLeg) -> list[object]:
    heard: list[object] = []
    async with asyncio.timeout(20):
        while True:
            item = await line.receive()
            heard.append(item)
            if isinstance(item, Gone):
                return heard


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour.DECLINE, LegDeclinedError),
        (Behaviour.BUSY, LegBusyError),
        (Behaviour.NO_ANSWER, LegNoAnswerError),
    ],
)
async def test_each_failure_is_its_own(behaviour: Behaviour, error: type[LegError]) -> None:
    with pytest.raises(error):
        await leg(behaviour=behaviour).connect(0.05)


async def test_says_its_lines_presses_keys_and_hangs_up() -> None:
    line = leg(
        Line(Moment.ANSWERED, 100, pcm=CLIP),
        Line(Moment.ANSWERED, 300, keys="0#"),
        Line(Moment.ANSWERED, 400, hang_up=True),
    )
    await line.connect(5)
    heard = await everything(line)
    sound = b"".join(item.pcm for item in heard if isinstance(item, Sound))
    assert CLIP in sound
    assert [item.key for item in heard if isinstance(item, Key)] == ["0", "#"]
    assert isinstance(heard[-1], Gone)
    assert await line.receive() == heard[-1]
    times = [item.at_ms for item in heard if isinstance(item, Sound)]
    assert times == list(range(0, len(times) * 20, 20))


async def test_taps_see_both_directions_aligned() -> None:
    line = leg(Line(Moment.ANSWERED, 0, pcm=CLIP), Line(Moment.ANSWERED, 400, hang_up=True))
    seen: list[tuple[bytes, bytes]] = []
    line.add_tap(lambda inbound, outbound: seen.append((inbound, outbound)))
    line.playout.push(CLIP)
    await line.connect(5)
    await everything(line)
    inbound = b"".join(a for a, _ in seen)
    outbound = b"".join(b for _, b in seen)
    assert inbound.index(CLIP) == outbound.index(CLIP)


async def test_hanging_up_twice_is_harmless_and_frees_the_sender() -> None:
    line = leg()
    await line.connect(5)
    sending = asyncio.create_task(line.playout.send(bytes(320 * 100)))
    await asyncio.sleep(0.05)
    await line.hang_up()
    await line.hang_up()
    assert await asyncio.wait_for(sending, 5) is False
    assert isinstance((await everything(line))[-1], Gone)


async def test_jitter_delays_but_neither_loses_nor_reorders() -> None:
    line = leg(
        Line(Moment.ANSWERED, 100, pcm=CLIP * 4),
        Line(Moment.ANSWERED, 1000, hang_up=True),
        impairments=Impairments(jitter_ms=80, seed=5),
    )
    await line.connect(5)
    heard = [item for item in await everything(line) if isinstance(item, Sound)]
    assert [item.at_ms for item in heard] == list(range(0, len(heard) * 20, 20))
    assert CLIP * 4 in b"".join(item.pcm for item in heard)
