"""The policy file: what ships is valid, and a mistake is reported with its field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.supervisor.calls import POLICY, POLICY_PATH
from voiceagent.domain.errors import PlaybookError
from voiceagent.domain.verdict import Action
from voiceagent.supervisor.policy import Heard, Score, load_policy, parse_policy

pytestmark = pytest.mark.unit


def shipped() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(POLICY_PATH.read_text("utf-8"))
    return document


def test_the_shipped_policy() -> None:
    assert POLICY.languages == {"en", "de"}
    assert POLICY.at_once.do_not_call.action is Action.END
    for name in ("asked_for_person", "key_zero", "legal", "language_model_failed"):
        assert getattr(POLICY.at_once, name).action is Action.HAND_OVER
    for lists in (*POLICY.phrases.values(), *POLICY.claims.values()):
        assert set(lists) == {"en", "de"}


def _set(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        at: Any = document
        for part in path[:-1]:
            at = at[part]
        at[path[-1]] = to

    return change


def _drop(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        at: Any = document
        for part in path[:-1]:
            at = at[part]
        del at[path[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (_set("at_once", "legal", "action", to="panic"), "at_once.legal.action"),
        (_set("at_once", "legal", "confidence", to=1.5), "at_once.legal.confidence"),
        (_drop("at_once", "key_zero"), "at_once.key_zero"),
        (_set("limits", "colour", to="blue"), "limits.colour"),
        (_set("limits", "repeated_within_turns", to=0), "limits.repeated_within_turns"),
        (_drop("accumulate", "anger", "weights", "mild"), "accumulate.anger.weights lacks mild"),
        (
            _set("accumulate", "anger", "weights", "wild", to=1.0),
            "accumulate.anger.weights does not know wild",
        ),
        (_set("accumulate", "anger", "offer_person", to=9.0), "accumulate.anger"),
        (_set("together", "rearm_below", to=5.0), "together"),
        (_drop("phrases", "legal"), "phrases lacks legal"),
        (_drop("claims", "billed"), "claims lacks billed"),
        (_set("phrases", "legal", "de", "match", 2, to="(a"), r"phrases.legal.de.match\[2\]"),
        (
            _set("claims", "billed", "en", "unless", to=["{nobody}"]),
            r"claims.billed.en.unless\[0\]",
        ),
        (_set("accumulate", "boredom", to={}), "accumulate.boredom"),
        (_set("accumulate", "voice", "at_most", to="end"), "accumulate.voice"),
        (_drop("accumulate", "frustration"), "accumulate lacks frustration"),
        (_set("offering", "declined_keeps", to=2), "offering.declined_keeps"),
        (_set("repair", "confirm", to=0.1), "repair"),
        (_drop("repair", "left_below"), "repair.left_below"),
        (_set("rephrasing", "from_similarity", to=80), "rephrasing.from_similarity"),
        (_set("rephrasing", "stop_words", "en", 0, to=True), "rephrasing.stop_words.en.0"),
        (_set("progress", "stalled_from_turns", to=0), "progress.stalled_from_turns"),
        (_set("tool_failures", "expected", to="wrong"), "tool_failures.expected"),
        (_set("voice", "louder_db", "full", to=0), "voice.louder_db"),
        (_set("voice", "start_turns", to=0), "voice.start_turns"),
        (_drop("frustration", "signs", "voice"), "frustration"),
        (_set("frustration", "signs", "weather", to=1.0), "frustration.signs.weather"),
        (_set("frustration", "calm", to=1.0), "frustration.calm"),
        (_set("second_opinion", "counts_from", to=1.0), "second_opinion.counts_from"),
        (_set("limits", "overlap_from_ms", to=0), "limits.overlap_from_ms"),
    ],
)
def test_a_mistake_is_reported_with_its_field(
    change: Callable[[dict[str, Any]], None], field: str
) -> None:
    document = shipped()
    change(document)
    with pytest.raises(PlaybookError, match=field):
        parse_policy(document)


def test_added_phrases_are_heard_and_other_languages_can_be_added() -> None:
    document = shipped()
    document["phrases"]["legal"]["fr"] = {"match": ["mon avocat"]}
    policy = parse_policy(document)
    assert "fr" in policy.phrases[Heard.LEGAL]
    assert set(policy.accumulate) == set(Score)


def test_a_file_that_is_missing_or_no_yaml(tmp_path: Path) -> None:
    with pytest.raises(PlaybookError, match="cannot be read"):
        load_policy(tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("at_once: [", "utf-8")
    with pytest.raises(PlaybookError, match="not valid YAML"):
        load_policy(broken)
    broken.write_text("just words", "utf-8")
    with pytest.raises(PlaybookError):
        load_policy(broken)
