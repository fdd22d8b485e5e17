"""The bridge's measurement: real connections, plausible figures, and chirps that are found."""

from __future__ import annotations

import asyncio

import aioice.ice
import numpy as np
import pytest

from voiceagent.bench.bridge_delay import (
    BridgeFigures,
    Round,
    measure_bridge,
)
from voiceagent.bench.browser_peer import Samples, tone
from voiceagent.bench.chirps import Delays, NoSoundError, chirp, delay_s

pytestmark = pytest.mark.unit


async def test_three_seconds_of_a_bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["127.0.0.1"])
    before = asyncio.all_tasks()
    figures = await measure_bridge(rounds=1, echo_s=2.0, bridged_s=3.0)
    (only,) = figures.rounds
    assert only.bridged_s >= 3.0
    for delays in (only.caller_echo, only.human_echo, only.to_human, only.to_caller):
        assert delays.said >= 2
        assert 2 * len(delays.heard_ms) >= delays.said
        assert all(0 < ms < 450 for ms in delays.heard_ms)
    assert figures.one_way_ms == only.bridged_ms > only.halves_ms > 0
    assert figures.added_ms == only.bridged_ms - only.halves_ms
    assert only.accept_to_two_way_ms > 0
    assert figures.glitches_per_minute >= 0
    assert asyncio.all_tasks() == before


def arriving(sound: Samples, first_at: float) -> list[tuple[float, Samples]]:
    return [(first_at + n * 0.02, sound[n * 960 : (n + 1) * 960]) for n in range(sound.size // 960)]


@pytest.mark.parametrize("delay_ms", [3.5, 80.0, 222.25])
@pytest.mark.parametrize("phase", [0.0, 1.5, 3.0])
def test_a_chirp_is_found_where_it_is(delay_ms: float, phase: float) -> None:
    rising = chirp(400, 3400)
    sound = np.concatenate([tone(700, 1500)(n) for n in range(30)]).astype(np.float64)
    at = round(delay_ms * 48)
    # As it comes: 3 dB less, and turned by whatever phase a codec gives it.
    sound[at : at + rising.size] += 0.7 * (rising * np.exp(1j * phase)).real
    found = delay_s(100.0, arriving(sound.astype(np.int16), 100.0), rising)
    assert found is not None
    assert found * 1000 == pytest.approx(delay_ms, abs=1.0)


def test_other_sound_is_not_taken_for_thechirp() -> None:
    other = np.concatenate([tone(700, 1500)(n) for n in range(30)]).astype(np.float64)
    falling = chirp(3400, 400).real
    other[960 : 960 + falling.size] += falling * 0.7
    assert delay_s(0.0, arriving(other.astype(np.int16), 0.0), chirp(400, 3400)) is None
    assert delay_s(0.0, [], chirp(400, 3400)) is None


def test_figures_are_counted_over_all_rounds() -> None:
    def one(added: float, missing: int) -> Round:
        echo, through = Delays(2, (40.0, 42.0)), Delays(3, (41.0 + added, 41.0 + added))
        return Round(echo, echo, through, through, 80.0, 30.0, missing, 1, 0)

    figures = BridgeFigures((one(40, 0), one(60, 4)))
    assert figures.added_ms == pytest.approx(50)
    assert figures.one_way_ms == pytest.approx(91)
    assert figures.glitches_per_minute == pytest.approx(6)
    assert figures.chirps_unheard == 4


def test_nothing_heard_is_no_figure() -> None:
    with pytest.raises(NoSoundError):
        _ = Delays(3, ()).median_ms
