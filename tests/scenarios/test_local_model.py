"""Recorded callers with the real local language model: no script, no key, no network.

The supervisor decides over these calls whatever the model says, except for the first, which the
model has to answer from the records by itself.
"""

from __future__ import annotations

import json

import pytest

from tests.scenarios.conftest import Callbacks

pytestmark = pytest.mark.local_llm


@pytest.mark.parametrize("caller", ["double-charge", "asks-for-person", "do-not-call"])
def test_ends_as_expected(local_callbacks: Callbacks, caller: str) -> None:
    call = local_callbacks.get(caller)
    turns = json.loads((call.out / "transcript.json").read_text("utf-8"))["turns"]
    assert call.result.problems == (), "\n".join(f"{t['speaker']}: {t['text']}" for t in turns)


@pytest.mark.parametrize("caller", ["satisfied"])
def test_never_states_what_no_record_supports(local_callbacks: Callbacks, caller: str) -> None:
    call = local_callbacks.get(caller)
    turns = json.loads((call.out / "transcript.json").read_text("utf-8"))["turns"]
    agent = " ".join(t["text"] for t in turns if t["speaker"] == "agent")
    amounts = {word.strip(".,?!") for word in agent.split() if word.startswith("$")}
    assert amounts <= {"$49.90"}
    assert call.result.summary["cut_off"] is False
    assert call.result.summary["outcome"] in {"resolved", "handed_over", "callback_booked"}
