"""Training on a few dialogues, with vectors that mean nothing, and the table it prints."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from voiceagent.bench import training_fit
from voiceagent.bench.frustration_training import Figures, main, table
from voiceagent.bench.training_examples import Examples
from voiceagent.domain.errors import InputError
from voiceagent.supervisor.frustration.embedding import DIMENSIONS
from voiceagent.supervisor.frustration.features import feature_names
from voiceagent.supervisor.frustration.model import TextScores, load_model, shipped_model

pytestmark = pytest.mark.unit

SCORES = TextScores(("one",), np.zeros((DIMENSIONS, 1)), np.zeros(1))
COLUMNS = feature_names(SCORES.names)


def made_up(count: int = 400) -> Examples:
    """Frustration depends on length and, weakly, on one column."""
    rng = np.random.default_rng(8)
    lengths = rng.integers(1, 200, count).astype(float)
    rows = rng.normal(size=(count, len(COLUMNS)))
    frustrated = (rows[:, 3] + lengths / 60 + rng.normal(size=count) > 1.7).astype(float)
    return Examples(
        rows,
        np.zeros((count, DIMENSIONS), dtype=np.float32),
        frustrated,
        lengths,
        np.array(["project-a/en"] * count),
        np.array([f"d{i // 8}" for i in range(count)]),
    )


def test_the_column_that_tells_gets_the_most_weight() -> None:
    pytest.importorskip("sklearn")
    model = training_fit.fit(made_up(), SCORES)
    assert int(np.argmax(np.abs(model.feature_weights))) == 3


def test_calibration_makes_the_mean_probability_the_share_of_frustrated_turns() -> None:
    pytest.importorskip("sklearn")
    data = made_up()
    model = training_fit.fit(data, SCORES)
    raw = training_fit.log_odds(model, data)
    fitted = training_fit.calibrated(model, raw, data.frustrated)
    odds = training_fit.log_odds(fitted, data)
    assert (1 / (1 + np.exp(-odds))).mean() == pytest.approx(data.frustrated.mean(), abs=0.01)
    assert np.array_equal(np.argsort(odds), np.argsort(raw))


def test_a_dialogue_is_in_one_fold_and_every_fold_is_used() -> None:
    names = [f"d{i // 4}" for i in range(200)]
    fold = training_fit.folds(names, seed=1)
    assert set(fold) == set(range(training_fit.FOLDS))
    assert all(len({f for f, n in zip(fold, names, strict=True) if n == name}) == 1
               for name in names)  # fmt: skip
    assert np.array_equal(fold, training_fit.folds(names, seed=1))


def test_without_scikit_learn_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(InputError, match=r"voiceagent\[train\]"):
        training_fit.fit(made_up(), SCORES)


def test_the_command_says_what_is_wrong_with_its_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["--dialogues", str(tmp_path), "--out", str(tmp_path / "w.npz")])
    assert code == InputError.exit_code
    assert "No dialogues" in capsys.readouterr().err


def test_the_command_trains_the_same_weights_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sklearn")
    folder = tmp_path / "dialogues"
    folder.mkdir()
    for writer in ("a", "b"):
        lines = [
            {
                "id": f"{writer}{i}",
                "lang": "en",
                "turns": [
                    {"speaker": "customer", "text": f"hello, line {i} please", "frustrated": False},
                    {"speaker": "agent", "text": "Please restart it."},
                    {"speaker": "customer", "text": f"not again, {i} times", "frustrated": True},
                ],
            }
            for i in range(8)
        ]
        (folder / f"{writer}.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    written = []
    for name in ("one.npz", "two.npz"):
        options = ["--dialogues", str(folder), "--held-out", str(folder / "a.jsonl")]
        assert main([*options, "--out", str(tmp_path / name)]) == 0
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert load_model(written[0]).text_scores.names == shipped_model().text_scores.names
    printed = capsys.readouterr().out
    assert "project-a/en" in printed
    assert "held out" in printed


def test_the_table_shows_what_could_not_be_computed_and_the_means() -> None:
    rows = [
        Figures("a/en", 10, 4, 0.8, 0.7, 0.6, "left out"),
        Figures("b/de", 10, 0, None, None, None, "left out"),
    ]
    lines = table(rows).splitlines()
    assert lines[2].split()[:6] == ["b/de", "10", "0", "-", "-", "-"]
    assert lines[3].split()[:3] == ["mean", "0.800", "0.700"]
