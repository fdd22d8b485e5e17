"""Figures of the supervisor's evaluation, on judged turns whose figures can be counted by hand."""

from __future__ import annotations

import json

import pytest

from voiceagent.bench.supervisor_eval import JudgedTurn
from voiceagent.bench.supervisor_figures import figures
from voiceagent.domain.verdict import Action

pytestmark = pytest.mark.unit


def turn(
    where: str,
    action: Action = Action.CONTINUE,
    frustration: float = 0.1,
    *,
    frustrated: bool | None = False,
    escalate: bool | None = False,
) -> JudgedTurn:
    dialogue, lang, number = where.split("/")
    return JudgedTurn(
        dialogue, lang, int(number), "some words", frustrated, escalate, frustration, action, ()
    )


JUDGED = [
    turn("a/en/0"),
    turn("a/en/2", Action.OFFER_PERSON),  # calm: a false escalation
    turn("a/en/4", frustration=0.3, frustrated=True, escalate=True),  # missed here ...
    turn("a/en/6", Action.HAND_OVER, 0.8, frustrated=True),  # ... and found one turn later
    turn("b/en/0", Action.HAND_OVER, 0.2, escalate=True),
    turn("b/en/2", frustration=0.2, frustrated=None, escalate=False),
    turn("c/de/0", frustration=0.9, frustrated=True, escalate=True),
]


def test_counts_and_ratios_by_hand() -> None:
    found = {f.language: f for f in figures(JUDGED)}
    assert list(found) == ["de", "en", "all"]
    en = found["en"]
    assert (en.dialogues, en.turns) == (2, 6)
    assert (en.escalation.true, en.escalation.said, en.escalation.right) == (2, 3, 1)
    assert en.escalation.recall == 0.5
    assert en.escalation.precision == pytest.approx(1 / 3)
    assert en.hand_over.precision == 0.5
    assert (en.calm_turns, en.false_escalations) == (3, 1)
    assert en.false_escalations_per_100 == pytest.approx(100 / 3)
    assert (en.frustration.turns, en.frustration.true, en.frustration.right) == (5, 2, 1)
    assert en.auc == 1.0
    assert (en.escalation_delay.median, en.escalation_delay.missed) == (0.5, 0)
    assert (en.frustration_delay.median, en.frustration_delay.dialogues) == (1, 1)
    assert found["de"].escalation_delay.missed == 1
    assert found["de"].auc is None
    assert found["de"].false_escalations_per_100 is None
    assert found["all"].escalation.true == 3


def test_one_language_has_no_total() -> None:
    assert [f.language for f in figures(JUDGED[:4])] == ["en"]


def test_figures_are_json() -> None:
    assert json.loads(json.dumps([f.as_json() for f in figures(JUDGED)]))
