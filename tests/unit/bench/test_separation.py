"""The area under the ROC curve, plainly and within turns of similar length."""

from __future__ import annotations

import numpy as np
import pytest

from voiceagent.bench.separation import auc, auc_within_length, length_groups, mean_of

pytestmark = pytest.mark.unit


def test_a_score_in_the_right_order_gets_one_and_in_the_wrong_order_none() -> None:
    assert auc([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]) == 1.0
    assert auc([0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1]) == 0.0


def test_a_tie_counts_half() -> None:
    assert auc([1, 1], [0, 1]) == 0.5
    assert auc([1, 1, 2, 2], [0, 1, 0, 1]) == 0.5
    assert auc([0, 1, 1], [0, 0, 1]) == 0.75


def test_it_is_none_when_a_class_is_missing() -> None:
    assert auc([1, 2], [1, 1]) is None
    assert auc([1, 2], [0, 0]) is None
    assert auc([], []) is None
    assert auc_within_length([1, 2], [1, 1], [3, 3]) is None


def test_it_is_the_share_of_pairs_counted_one_by_one() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 200)
    scores = rng.integers(0, 12, 200) + labels
    pairs = [(p, n) for p in scores[labels == 1] for n in scores[labels == 0]]
    won = sum(1.0 if p > n else 0.5 if p == n else 0.0 for p, n in pairs)
    assert auc(scores, labels) == pytest.approx(won / len(pairs))


def test_a_score_that_is_the_length_is_chance_within_equal_lengths() -> None:
    lengths = [10] * 4 + [100] * 4
    labels = [0, 0, 0, 1, 0, 1, 1, 1]
    assert auc(lengths, labels) == 0.75
    assert auc_within_length(lengths, labels, lengths, quantiles=2) == 0.5


def test_groups_weigh_as_many_pairs_as_they_have() -> None:
    lengths = [1, 1, 9, 9, 9, 9]
    labels = [0, 1, 0, 0, 1, 1]
    scores = [1, 0, 0, 1, 2, 3]
    # One pair, wrong, and four pairs, all right.
    assert auc_within_length(scores, labels, lengths, quantiles=2) == pytest.approx(4 / 5)


def test_no_group_with_both_classes_is_none() -> None:
    assert auc([1, 2], [0, 1]) == 1.0
    assert auc_within_length([1, 2], [0, 1], [5, 50], quantiles=2) is None


def test_one_quantile_is_the_plain_figure() -> None:
    rng = np.random.default_rng(5)
    scores, labels, lengths = rng.random(80), rng.integers(0, 2, 80), rng.integers(1, 300, 80)
    assert auc_within_length(scores, labels, lengths, quantiles=1) == auc(scores, labels)


def test_equal_lengths_share_a_group_and_groups_are_of_like_size() -> None:
    lengths = np.arange(800)
    assert np.bincount(length_groups(lengths, 8)).tolist() == [100] * 8
    repeated = np.repeat([4, 5, 900], [300, 10, 10])
    groups = length_groups(repeated, 8)
    assert len(set(groups[:300])) == 1


@pytest.mark.parametrize(
    ("scores", "labels", "lengths", "quantiles"),
    [([1, 2], [1], [1, 2], 8), ([1, 2], [0, 1], [1], 8), ([1, 2], [0, 1], [1, 2], 0)],
)
def test_unequal_numbers_and_no_quantiles_are_refused(
    scores: list[int], labels: list[int], lengths: list[int], quantiles: int
) -> None:
    with pytest.raises(ValueError, match=r"for|at least"):
        auc_within_length(scores, labels, lengths, quantiles)


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        auc([float("nan"), 1], [0, 1])


def test_the_mean_passes_over_what_could_not_be_computed() -> None:
    assert mean_of([0.5, None, 0.7]) == pytest.approx(0.6)
    assert mean_of([None]) is None
