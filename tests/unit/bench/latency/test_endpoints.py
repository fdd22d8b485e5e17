"""Counting what the ear would wait for, and fitting what its signs weigh."""

import pytest

from voiceagent.bench.latency.endpoints import Observation, cut_off, fit, waits
from voiceagent.speech.endpointing import HeardSoFar

pytestmark = pytest.mark.unit

SENTENCE = "I was charged twice for October."


def _heard(finished: float, end_mark: float = 0.9, confidence: float = 0.9) -> HeardSoFar:
    return HeardSoFar(SENTENCE, finished, confidence, end_mark, "en")


SEEN = [
    Observation(_heard(0.97), is_end=True),
    Observation(_heard(0.97), is_end=False, pause_ms=900),
    Observation(_heard(0.97), is_end=False, pause_ms=200),
    Observation(_heard(0.02, 0.2, 0.5), is_end=False, pause_ms=900),
]


def test_waits_are_counted_apart_for_ends_and_for_pauses() -> None:
    assert dict(waits(SEEN, ends=True)) == {350: 1}
    # What ends before anybody would answer is no pause.
    assert dict(waits(SEEN, ends=False)) == {350: 1, 1500: 1}


def test_a_pause_that_outlasts_the_wait_is_a_cut() -> None:
    assert cut_off(SEEN) == 1


def test_weights_find_the_sign_that_tells() -> None:
    tells = [
        Observation(_heard(0.9, mark), is_end=mark > 0.5, pause_ms=800)
        for mark in (0.2, 0.3, 0.35, 0.8, 0.9, 0.95)
    ]
    tone, mark, clarity, scrap = fit(tells).weights
    assert mark > 0.5
    assert max(abs(tone), abs(clarity), abs(scrap)) < 0.1
