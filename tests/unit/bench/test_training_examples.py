"""Dialogues as rows to train on, and the variants made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.supervisor.frustration.dialogues import CountingEncoder
from voiceagent.bench.training_examples import (
    RememberedVectors,
    as_recognised,
    examples,
    joined,
    started_late,
    varied,
)
from voiceagent.bench.training_sources import LabelledDialogue, dialogue
from voiceagent.domain.transcript import Speaker
from voiceagent.supervisor.frustration.embedding import DIMENSIONS
from voiceagent.supervisor.frustration.features import feature_names
from voiceagent.supervisor.frustration.model import TextScores

pytestmark = pytest.mark.unit

SCORES = TextScores(("one",), np.ones((DIMENSIONS, 1)), np.zeros(1))
SAID: list[tuple[Speaker, str, bool | None]] = [
    (Speaker.CALLER, "Hello! It's broken...", False),
    (Speaker.CALLER, "AGAIN.", True),
    (Speaker.AGENT, "Sorry!", None),
    (Speaker.CALLER, "#ORDER-ID#", None),
    (Speaker.CALLER, "Well?", True),
]


@pytest.fixture
def entry() -> LabelledDialogue:
    return dialogue("project-x", "en", "x-1", SAID)


def test_there_is_one_example_for_each_labelled_turn_of_the_caller(entry: LabelledDialogue) -> None:
    made = examples([entry], RememberedVectors(encoder=CountingEncoder()), SCORES)
    assert made.frustrated.tolist() == [0, 1, 1]
    assert made.lengths.tolist() == [21, 6, 5]
    assert made.features.shape == (3, len(feature_names(SCORES.names)))
    assert set(made.sources) == {"project-x/en"}
    assert set(made.dialogues) == {"project-x:x-1"}


def test_recognised_text_has_no_capitals_or_marks_and_the_agents_is_as_it_was(
    entry: LabelledDialogue,
) -> None:
    said = [turn.text for turn in as_recognised(entry).turns]
    assert said == ["hello it's broken", "again", "Sorry!", "#order id#", "well"]


def test_joined_turns_are_frustrated_if_one_of_them_is(entry: LabelledDialogue) -> None:
    whole = joined(entry)
    assert [t.text for t in whole.turns] == [
        "Hello! It's broken... AGAIN.",
        "Sorry!",
        "#ORDER-ID# Well?",
    ]
    assert whole.labels == (True, None, True)


def test_a_late_start_keeps_the_end_and_the_labels_with_their_turns(
    entry: LabelledDialogue,
) -> None:
    rng = np.random.default_rng(1)
    starts = set()
    for _ in range(30):
        late = started_late(entry, rng)
        starts.add(len(late.turns))
        assert late.turns == entry.turns[-len(late.turns) :]
        assert late.labels == entry.labels[-len(late.labels) :]
    assert starts == {5, 4}


def test_variants_are_the_same_for_the_same_seed(entry: LabelledDialogue) -> None:
    assert varied([entry] * 5, 3) == varied([entry] * 5, 3)
    assert len(varied([entry] * 5, 3)) == 15


def test_vectors_are_made_once_and_survive_on_disk(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    first = RememberedVectors(tmp_path / "v.npz", encoder).of(["b", "a", "b", "line\nbreak"])
    assert sorted(encoder.asked) == ["a", "b", "line\nbreak"]
    again = CountingEncoder()
    second = RememberedVectors(tmp_path / "v.npz", again).of(["b", "a", "b", "line\nbreak"])
    assert again.asked == []
    assert np.array_equal(first, second)
    assert np.array_equal(first[0], first[2])
