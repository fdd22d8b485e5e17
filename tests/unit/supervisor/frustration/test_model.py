"""The trained weights, stored and read."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from voiceagent.supervisor.frustration.embedding import DIMENSIONS
from voiceagent.supervisor.frustration.features import feature_names
from voiceagent.supervisor.frustration.model import (
    FrustrationWeightsError,
    TextScores,
    load_model,
    shipped_model,
)

pytestmark = pytest.mark.unit


def test_the_shipped_weights_fit_the_features() -> None:
    model = shipped_model()
    columns = len(feature_names(model.text_scores.names))
    assert model.mean.shape == model.scale.shape == model.feature_weights.shape == (columns,)
    assert model.embedding_weights.shape == (DIMENSIONS,)
    assert np.isfinite(model.feature_weights).all()
    assert (model.scale > 0).all()


def test_what_is_saved_is_read_again_and_the_bytes_are_the_same(tmp_path: Path) -> None:
    model = shipped_model()
    model.save(tmp_path / "one.npz")
    read = load_model((tmp_path / "one.npz").read_bytes())
    read.save(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    vector = np.full(DIMENSIONS, DIMENSIONS**-0.5, dtype=np.float32)
    assert read.log_odds(model.mean, vector) == pytest.approx(model.log_odds(model.mean, vector))


def test_weights_for_other_features_are_refused_with_the_remedy() -> None:
    model = shipped_model()
    other = replace(model, text_scores=TextScores(("x",), np.zeros((DIMENSIONS, 1)), np.zeros(1)))
    buffer = io.BytesIO()
    np.savez(
        buffer,
        names=np.array(["x"]),
        columns=np.array(["another"]),
        score_weights=other.text_scores.weights,
        score_bias=other.text_scores.bias,
    )
    with pytest.raises(FrustrationWeightsError, match="Train them again"):
        load_model(buffer.getvalue())


def test_odd_features_do_not_run_away() -> None:
    model = shipped_model()
    vector = np.zeros(DIMENSIONS, dtype=np.float32)
    huge = model.log_odds(model.mean + 1e9, vector)
    assert huge == pytest.approx(model.log_odds(model.mean + 1e6, vector))
    assert 0 <= model.probability(model.mean + 1e9, vector) <= 1
