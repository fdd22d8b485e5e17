"""How well a score separates two classes, plainly and among turns of similar length.

What enters: scores, true labels and, for the second figure, lengths. What leaves: the area under
the receiver operating characteristic, which is the share of (positive, negative) pairs the score
puts in the right order. It exists because long turns are more often frustrated: a score that just
grows with length looks good on the plain figure and is worth little among turns of equal length.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def auc(scores: ArrayLike, labels: ArrayLike) -> float | None:
    """Area under the ROC curve, 0..1; 0.5 is chance.

    Equal to the Mann-Whitney statistic over the number of pairs (Hanley and McNeil 1982): of all
    pairs of one positive and one negative, the share where the positive has the higher score; a
    tie counts half.

    Args:
        scores: one number per example; higher means more likely positive.
        labels: as many; truthy is positive.

    Returns:
        The area, or None when one of the two classes is missing.

    Raises:
        ValueError: scores and labels differ in number, or a score is not a number.
    """
    values, positive = _checked(scores, labels)
    won, pairs = _won_pairs(values, positive)
    return won / pairs if pairs else None


def auc_within_length(
    scores: ArrayLike, labels: ArrayLike, lengths: ArrayLike, quantiles: int = 8
) -> float | None:
    """The area counted only over pairs of similar length.

    The examples are cut into ``quantiles`` groups at the quantiles of their lengths; examples of
    one length always share a group. The share of rightly ordered pairs is taken over the pairs
    inside groups, so each group weighs as many pairs as it has. A score that depends on the group
    alone gets 0.5.

    Args:
        scores: one number per example; higher means more likely positive.
        labels: as many; truthy is positive.
        lengths: as many, in any unit.
        quantiles: number of groups, at least 1.

    Returns:
        The area, or None when no group holds both classes.

    Raises:
        ValueError: the three differ in number, a score is not a number, or ``quantiles`` < 1.
    """
    if quantiles < 1:
        raise ValueError("quantiles must be at least 1")
    values, positive = _checked(scores, labels)
    groups = length_groups(lengths, quantiles)
    if len(groups) != len(values):
        raise ValueError(f"{len(groups)} lengths for {len(values)} scores")
    won, pairs = 0.0, 0
    for group in np.unique(groups):
        inside = groups == group
        group_won, group_pairs = _won_pairs(values[inside], positive[inside])
        won += group_won
        pairs += group_pairs
    return won / pairs if pairs else None


def length_groups(lengths: ArrayLike, quantiles: int = 8) -> NDArray[np.int64]:
    """The number of the length group of every example, from 0; equal lengths share one."""
    values = np.asarray(lengths, dtype=np.float64).ravel()
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    edges = np.quantile(values, np.arange(1, quantiles) / quantiles)
    return np.searchsorted(np.unique(edges), values, side="right").astype(np.int64)


def _checked(scores: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    values = np.asarray(scores, dtype=np.float64).ravel()
    positive = np.asarray(labels).ravel().astype(bool)
    if len(values) != len(positive):
        raise ValueError(f"{len(values)} scores for {len(positive)} labels")
    if np.isnan(values).any():
        raise ValueError("a score is not a number")
    return values, positive


def _won_pairs(values: NDArray[np.float64], positive: NDArray[np.bool_]) -> tuple[float, int]:
    """Rightly ordered pairs, ties counting half, and the number of all pairs."""
    high, low = values[positive], np.sort(values[~positive])
    pairs = len(high) * len(low)
    if not pairs:
        return 0.0, 0
    below = np.searchsorted(low, high, side="left")
    not_above = np.searchsorted(low, high, side="right")
    return float((below + not_above).sum()) / 2, pairs


def mean_of(areas: Sequence[float | None]) -> float | None:
    """The mean of the areas that could be computed, or None."""
    known = [area for area in areas if area is not None]
    return sum(known) / len(known) if known else None
