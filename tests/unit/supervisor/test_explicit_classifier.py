"""Cutting turns, the arithmetic of the weights, and the classifier around a small made-up model."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.supervisor.calls import agent, caller
from voiceagent.domain.errors import InputError
from voiceagent.domain.verdict import TriggerKind
from voiceagent.supervisor.explicit_classifier import pieces as cutting
from voiceagent.supervisor.explicit_classifier.classifier import TriggerClassifier
from voiceagent.supervisor.explicit_classifier.model import (
    WHOLE_SHARE,
    Matrix,
    TriggerModel,
    grams,
    hashed,
    load_model,
    shipped_model,
)
from voiceagent.supervisor.explicit_classifier.pieces import pieces

pytestmark = pytest.mark.unit


def test_pieces_of_a_turn() -> None:
    assert pieces("") == pieces(" ... ") == ()
    assert pieces(" One sentence. ") == ("One sentence.",)
    assert pieces("First. Second!") == ("First. Second!", "First.", "Second!")


def test_long_speech_without_marks_is_cut_into_windows_that_overlap() -> None:
    words = [f"w{n}" for n in range(40)]
    whole, *windows = pieces(" ".join(words))
    assert whole == " ".join(words)
    assert {word for window in windows for word in window.split()} == set(words)
    assert {len(window.split()) for window in windows} == {cutting.WINDOW_WORDS}
    assert windows[-1].endswith("w39")


def test_however_long_a_turn_is_the_cost_is_bounded() -> None:
    cut = pieces("Yes. " * 5_000)
    assert len(cut) == 1 + cutting.MOST_PIECES
    assert len(cut[0]) <= cutting.MAX_CHARACTERS


def test_grams_are_words_neighbours_and_runs_of_letters() -> None:
    assert set(grams("Groß, he!")) == {
        "w gross", "w he", "b ^ gross", "b gross he", "b he $",
        " gr", "gro", "ros", "oss", "ss ", "s h", " he", "he ",
        " gro", "gros", "ross", "oss ", "ss h", "s he", " he ",
        " gros", "gross", "ross ", "oss h", "ss he", "s he ",
    }  # fmt: skip


def test_a_small_slip_of_the_pen_shares_most_buckets() -> None:
    right, wrong, other = (
        set(hashed(text, 1 << 16))
        for text in ("get me the supervisor", "get me the supervizor", "one lamp is dead")
    )
    assert len(right & wrong) > len(right) / 2
    assert len(right & other) < len(right) / 10
    assert max(hashed("the supervisor", 8)) < 8


class LetterEncoder:
    """Two dimensions: whether a text begins with "a"."""

    calls = 0

    def encode(self, texts: Sequence[str]) -> Matrix:
        self.calls += 1
        rows = [[1.0, 0.0] if text.startswith("a") else [0.0, 1.0] for text in texts]
        return np.array(rows, dtype=np.float32)


BUCKETS = 1 << 10


def small_model() -> TriggerModel:
    """The embedding decides "legal", one word decides "leaving"."""
    gram_weights = np.zeros((BUCKETS, 2), dtype=np.float32)
    gram_weights[hashed("elsewhere", BUCKETS), 1] = 0.5
    return TriggerModel(
        ("legal", "leaving"),
        np.array([[1.0, 0.0], [0.0, 0.0]], dtype=np.float32),
        np.zeros(2, dtype=np.float32),
        np.array([[2.0, 0.0], [0.0, 0.0]], dtype=np.float32),
        gram_weights,
        np.array([-1.0, -1.0], dtype=np.float32),
        np.array([[3.0, 3.0], [0.0, 0.0]], dtype=np.float32),
    )


def test_both_views_are_added_up() -> None:
    model, texts = small_model(), ["elsewhere", "a", "lone", "..."]
    decided = model.decide(texts, LetterEncoder().encode(texts))
    buckets = len(hashed("elsewhere", BUCKETS))
    assert decided[0].tolist() == pytest.approx([-1.0, -1.0 + 0.5 * np.sqrt(buckets)], abs=1e-5)
    assert decided[1, 0] == 1.0
    assert decided[3].tolist() == [-1.0, -1.0]


def test_units_below_their_threshold_say_nothing() -> None:
    model = replace(small_model(), thresholds=np.array([-1.0, 0.0], dtype=np.float32))
    assert model.decide(["a"], LetterEncoder().encode(["a"]))[0, 0] == -1.0


def test_the_whole_and_the_strongest_piece_count() -> None:
    classifier = TriggerClassifier(LetterEncoder(), small_model())
    # The whole begins with "S" and is against; the second sentence is for.
    value = WHOLE_SHARE * -1.0 + (1.0 - WHOLE_SHARE) * 1.0
    found = classifier.probabilities([caller(1, "So. alas.")])
    assert found["legal"] == pytest.approx(1 / (1 + np.exp(-3 * value)), abs=1e-4)
    alone = classifier.probabilities([caller(1, "alas.")])
    assert alone["legal"] == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-4)
    assert classifier.probabilities([caller(1, "elsewhere")])["leaving"] > 0.5
    assert classifier.probabilities([caller(1, "So")])["leaving"] < 0.1
    assert classifier.probabilities([caller(1, "  ")]) == {"legal": 0.0, "leaving": 0.0}


def test_only_the_callers_newest_turn_is_read() -> None:
    classifier = TriggerClassifier(LetterEncoder(), small_model())
    turns = [caller(1, "elsewhere"), agent(2, "elsewhere"), caller(3, "So")]
    assert classifier.probabilities(turns)["leaving"] < 0.5
    for wrong in ([], turns[:2]):
        with pytest.raises(ValueError, match="caller"):
            classifier.probabilities(wrong)


def test_the_same_words_are_encoded_once_and_answers_are_the_callers_own() -> None:
    encoder = LetterEncoder()
    classifier = TriggerClassifier(encoder, small_model())
    first = classifier.probabilities([caller(1, "okay")])
    first["legal"] = 9.0
    assert classifier.probabilities([caller(5, "okay")])["legal"] < 1.0
    assert encoder.calls == 1


def test_several_threads_get_what_one_gets() -> None:
    texts = [f"{'a' if n % 3 else 'b'} {n}" for n in range(300)]
    alone = TriggerClassifier(LetterEncoder(), small_model())
    shared = TriggerClassifier(LetterEncoder(), small_model())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: shared.probabilities([caller(1, text)]), texts))
    assert found == [alone.probabilities([caller(1, text)]) for text in texts]


def test_weights_are_read_as_they_were_written(tmp_path: Path) -> None:
    model = small_model()
    model.save(tmp_path / "weights.npz")
    again = load_model(tmp_path / "weights.npz")
    vectors = LetterEncoder().encode(["a", "elsewhere"])
    texts = ["a", "elsewhere"]
    assert np.allclose(again.decide(texts, vectors), model.decide(texts, vectors))


def test_weights_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_model(tmp_path / "none.npz")
    (tmp_path / "broken.npz").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot be read"):
        load_model(tmp_path / "broken.npz")


def test_the_shipped_weights_are_for_these_kinds() -> None:
    kinds = shipped_model().kinds
    assert set(kinds) == {
        TriggerKind.ASKED_FOR_PERSON, TriggerKind.LEGAL, TriggerKind.LEAVING,
        TriggerKind.VULNERABLE,
    }  # fmt: skip
    for part in (shipped_model().hidden, shipped_model().out, shipped_model().gram_weights):
        assert np.isfinite(part).all()
        assert part.any()
