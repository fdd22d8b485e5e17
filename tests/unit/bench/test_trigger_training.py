"""Training rows, probabilities and cuts of the explicit classifier, on made-up values."""

from __future__ import annotations

import numpy as np
import pytest

from voiceagent.bench.trigger_examples import KINDS, NEUTRAL, CallerTurn, Example
from voiceagent.bench.trigger_fit import DIALOGUES_COUNT, rows
from voiceagent.bench.trigger_training import (
    HeldOut,
    author,
    cuts,
    figures,
    probabilities,
    scale_of,
)

pytestmark = pytest.mark.unit


def turn(text: str, kind: str = "", *, escalate: bool = False) -> CallerTurn:
    return CallerTurn("d1", "en", text, kind, escalate or bool(kind), False)


def test_rows_of_sentences_and_turns() -> None:
    examples = [
        Example("Get me a person.", "asked_for_person", "en", "sitting1"),
        Example("Fine. Thanks.", NEUTRAL, "en", "sitting6"),
    ]
    turns = [turn("Yes. No."), turn("I will sue.", "legal"), turn("Hm.", escalate=True)]
    found = [(row.text, row.kind) for row in rows(examples, turns)]
    assert found.count(("Get me a person.", "asked_for_person")) == 1
    assert sum(kind == "asked_for_person" for _, kind in found) == 2
    assert ("Thanks.", "") in found
    assert found.count(("I will sue.", "legal")) == DIALOGUES_COUNT
    assert found.count(("No.", "")) == DIALOGUES_COUNT
    assert "Hm." not in {text for text, _ in found}
    assert rows(examples, turns) == rows(examples, turns)


def test_the_first_sittings_are_one_authors() -> None:
    first, second, other = (
        author(Example("x", NEUTRAL, "en", batch)) for batch in ("sitting1", "sitting5", "sitting6")
    )
    assert first == second != other


def held() -> HeldOut:
    """Every kind is clearly told apart, except for one calm turn that looks like all of them."""
    examples = tuple(Example(k, k, lang, "sitting1") for k in KINDS for lang in ("en", "de"))
    on_examples = np.array([[4.0 if e.kind == k else -4.0 for k in KINDS] for e in examples])
    turns = (*(turn(str(n)) for n in range(9)), turn("sue", "legal"))
    on_turns = np.full((10, len(KINDS)), -4.0)
    on_turns[0] = 2.0
    on_turns[9, KINDS.index("legal")] = 4.0
    return HeldOut(examples, on_examples.astype(np.float32), turns, on_turns.astype(np.float32))


def test_probabilities_rise_with_the_value_and_tell_the_kinds_apart() -> None:
    scale = scale_of(held())
    sure = probabilities(np.array([[-4.0] * 4, [0.0] * 4, [4.0] * 4], dtype=np.float32), scale)
    assert (np.diff(sure, axis=0) > 0).all()
    assert (sure[0] < 0.1).all()
    assert (sure[2] > sure[0] + 0.3).all()


def test_a_cut_lets_through_so_many_calm_turns() -> None:
    seen = held()
    scale = scale_of(seen)
    calm = probabilities(seen.on_turns, scale)[:9]
    for allowed in (0, 1):
        assert ((calm > cuts(seen, scale, allowed)).sum(axis=0) <= allowed).all()
    text = figures(seen, scale, cuts(seen, scale, 0))
    assert "sentences, legal en: 100.0% of 1" in text
    assert "dialogues, calm turns: 0.0% of 9" in text
    assert "dialogues, turns of the four kinds: 100.0% of 1" in text
