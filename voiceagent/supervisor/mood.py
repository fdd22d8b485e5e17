"""How frustrated a caller is at a turn: every sign there is, as one number from 0 to 1.

In: how strong each sign is at this turn, and the trained classifier's score where there is one.
Out: a probability-like number. The signs are added up as log-odds, as in a logistic regression
with weights that a person can read and set in the policy. Where the classifier has scored the
turn, its score takes the place of the constant and dominates; without it the other signs still
give a sensible number. More of a sign never lowers the result. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log

from voiceagent.supervisor.policy_sections import FrustrationSigns, Sign

SURE = 1e-4
"""A classifier's score is taken for no nearer to 0 or 1 than this, to keep its log-odds finite."""


def frustration(
    policy: FrustrationSigns, signs: Mapping[Sign, float], scored: float | None
) -> float:
    """All signs taken together.

    Args:
        policy: the weights.
        signs: how strong each sign is, 0..1; a sign left out is absent.
        scored: the classifier's score of the turn (0..1), or None.
    """
    told = sum(
        policy.signs[sign] * min(1.0, max(0.0, strength)) for sign, strength in signs.items()
    )
    if scored is None:
        odds = policy.calm + told
    else:
        certain = min(1.0 - SURE, max(SURE, scored))
        odds = log(certain / (1.0 - certain)) + policy.beside_classifier * told
    return round(1.0 / (1.0 + exp(-odds)), 4)
