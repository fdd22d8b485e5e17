"""Cutting turns, the arithmetic of the weights, and the classifier around a small made-up model."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.unit.supervisor.calls import agent, caller
from voiceagent.domain.errors import InputError
from voiceagent.domain.verdict import TriggerKind
from voiceagent.supervisor.explicit_classifier import pieces as cutting
from voiceagent.supervisor.explicit_classifier.classifier import TriggerClassifier
from voiceagent.supervisor.explicit_classifier.model import (
    Matrix,
    TriggerModel,
    load_model,
    shipped_model,
    terms,
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


def test_terms_are_words_stems_and_pairs() -> None:
    assert terms("Ich kündige!") == {
        "ich", "kündige", "kündi*", "^ ich", "ich kündige", "kündige $",
    }  # fmt: skip


class LetterEncoder:
    """Two dimensions: whether a text begins with "a"."""

    calls = 0

    def encode(self, texts: Sequence[str]) -> Matrix:
        self.calls += 1
        rows = [[1.0, 0.0] if text.startswith("a") else [0.0, 1.0] for text in texts]
        return np.array(rows, dtype=np.float32)


def small_model() -> TriggerModel:
    """The embedding decides "legal", one word decides "leaving", a landmark nothing."""
    weights = np.zeros((1 + 2 + 1 + 1, 2), dtype=np.float32)
    weights[0] = -1.0
    weights[1, 0] = 2.0
    weights[4, 1] = 2.0
    return TriggerModel(
        ("legal", "leaving"),
        np.array([[1.0, 0.0]], dtype=np.float32),
        2.0,
        {"elsewhere": 0},
        np.ones(1, dtype=np.float32),
        weights,
        np.array([[3.0, 3.0], [0.0, 0.0]], dtype=np.float32),
    )


def test_features_are_what_the_weights_are_for() -> None:
    model = small_model()
    row = model.features(["a b"], np.array([[0.0, 1.0]], dtype=np.float32))[0]
    assert row.tolist() == pytest.approx([1.0, 0.0, 1.0, np.exp(-4.0), 0.0])


def test_the_strongest_piece_counts() -> None:
    classifier = TriggerClassifier(LetterEncoder(), small_model())
    yes, no = round(1 / (1 + np.exp(-3)), 4), round(1 / (1 + np.exp(3)), 4)
    assert classifier.probabilities([caller(1, "So. alas.")]) == {"legal": yes, "leaving": no}
    assert classifier.probabilities([caller(1, "Well, elsewhere")])["leaving"] == yes
    assert classifier.probabilities([caller(1, "Well")]) == {"legal": no, "leaving": no}
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
    assert np.isfinite(shipped_model().weights).all()
