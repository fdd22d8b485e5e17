"""Texts, read once and remembered."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.supervisor.frustration.dialogues import CountingEncoder
from voiceagent.supervisor.frustration.embedding import DIMENSIONS
from voiceagent.supervisor.frustration.model import TextScores
from voiceagent.supervisor.frustration.reading import TextReader

pytestmark = pytest.mark.unit

SCORES = TextScores(("one",), np.ones((DIMENSIONS, 1)), np.zeros(1))


def test_a_text_is_embedded_once_with_its_sentences() -> None:
    encoder = CountingEncoder()
    reader = TextReader(encoder, SCORES, remembered=10)
    first = reader.read("It broke. Again!")
    assert encoder.asked == ["It broke. Again!", "It broke.", "Again!"]
    assert reader.read("It broke. Again!") is first
    assert len(encoder.asked) == 3


def test_a_peak_is_the_highest_of_the_text_and_its_sentences() -> None:
    encoder = CountingEncoder()
    read = TextReader(encoder, SCORES, remembered=10).read("It broke. Again!")
    every = SCORES.of(encoder.encode(["It broke. Again!", "It broke.", "Again!"]))
    assert read.peaks == pytest.approx(every.max(axis=0))
    assert read.scores == pytest.approx(every[0])


def test_only_the_latest_texts_are_remembered() -> None:
    encoder = CountingEncoder()
    reader = TextReader(encoder, SCORES, remembered=2)
    for text in ("one", "two", "one", "three"):
        reader.read(text)
    assert len(reader) == 2
    reader.read("one")
    assert encoder.asked == ["one", "two", "three"]
    reader.read("two")
    assert encoder.asked[-1] == "two"


def test_something_must_be_remembered() -> None:
    with pytest.raises(ValueError, match="at least one"):
        TextReader(CountingEncoder(), SCORES, remembered=0)
