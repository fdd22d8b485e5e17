"""The second opinion, through pipecat's classifier, from a scripted server that may misbehave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest

from tests.scripted_llm import Fault, Rule, ScriptedLlm
from voiceagent.dialogue.llm_endpoint import LlmEndpoint
from voiceagent.dialogue.second_opinion import Opinion, SecondOpinion, SecondOpinionError
from voiceagent.domain.transcript import Speaker, Turn

pytestmark = pytest.mark.unit

TURNS = (
    Turn(1, Speaker.AGENT, "What would you like to know?", 0, 900),
    Turn(2, Speaker.CALLER, "I have told you three times now.", 1000, 2500),
)
Ask = Callable[[list[Rule], float], "SecondOpinion"]


def answer(person: object, frustrated: object, reason: str) -> str:
    return json.dumps(
        {
            "person_needed": {"probability": person},
            "frustrated": {"probability": frustrated},
            "reason": {"choice": reason, "probabilities": {reason: 0.9}},
        }
    )


@pytest.fixture
async def asking() -> AsyncIterator[Ask]:
    opened: list[tuple[ScriptedLlm, SecondOpinion]] = []

    def ask(rules: list[Rule], deadline_s: float) -> SecondOpinion:
        server = ScriptedLlm(rules).__enter__()
        opinion = SecondOpinion.of_endpoint(LlmEndpoint(server.url, server.model), deadline_s)
        opened.append((server, opinion))
        return opinion

    yield ask
    for server, opinion in opened:
        await opinion.close()
        server.__exit__(None, None, None)


async def test_an_answer_becomes_probabilities_and_a_reason(asking: Ask) -> None:
    opinion = asking([Rule(user="three times", say=answer(0.8, 0.9, "misunderstanding"))], 30)
    assert await opinion.on(TURNS) == Opinion(0.8, 0.9, "misunderstanding")


async def test_a_small_model_is_asked_one_question_on_few_turns() -> None:
    long_ago = Turn(0, Speaker.CALLER, "Long ago.", 0, 0)
    rule = Rule(user="three times", say='{"person_needed": {"probability": 0.7}}')
    with ScriptedLlm([rule]) as server:
        endpoint = LlmEndpoint(server.url, server.model, constrained=True)
        opinion = SecondOpinion.of_endpoint(endpoint, 30)
        assert await opinion.on([*[long_ago] * 20, *TURNS]) == Opinion(0.7)
        await opinion.close()
        asked = server.requests[-1].user
    assert asked.count("Long ago.") == 3
    assert "frustrated" not in asked


async def test_no_reason_is_empty(asking: Ask) -> None:
    opinion = asking([Rule(say=answer(0.1, 0.2, "none"))], 30)
    assert await opinion.on(TURNS) == Opinion(0.1, 0.2, "")


@pytest.mark.parametrize(
    "rule",
    [
        Rule(say="I think they are fine."),
        Rule(say=answer("very", 0.2, "none")),
        Rule(say=answer(0.2, 0.2, "boredom")),
        Rule(say='{"frustrated": {"probability": 0.3}}'),
        Rule(status=500),
        Rule(say="x", fault=Fault.NOT_A_STREAM),
    ],
)
async def test_an_unusable_answer_is_no_opinion(asking: Ask, rule: Rule) -> None:
    with pytest.raises(SecondOpinionError):
        await asking([rule], 30).on(TURNS)


async def test_a_model_that_hangs_is_given_up_at_the_deadline(asking: Ask) -> None:
    opinion = asking([Rule(say="x", fault=Fault.HANG)], 0.3)
    with pytest.raises(SecondOpinionError):
        await asyncio.wait_for(opinion.on(TURNS), 60)
    assert not opinion.busy


async def test_nobody_there_is_no_opinion() -> None:
    opinion = SecondOpinion.of_endpoint(LlmEndpoint("http://127.0.0.1:9/v1", "m"), 20)
    with pytest.raises(SecondOpinionError):
        await opinion.on(TURNS)
    await opinion.close()
