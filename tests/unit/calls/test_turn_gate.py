"""The gate between a turn and the language model: what passes, what waits, what is withdrawn."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    Frame,
    InterruptionFrame,
    LLMContextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext

from tests.llm_stage import DEADLINE_S, LlmStage
from voiceagent.calls.turn_gate import TurnGate

pytestmark = pytest.mark.unit

KINDS = (
    LLMContextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    EagerEndOfTurnCancelFrame,
    InterruptionFrame,
)
STARTED, STOPPED = UserStartedSpeakingFrame, UserStoppedSpeakingFrame
CANCEL, CONTEXT = EagerEndOfTurnCancelFrame, LLMContextFrame


@dataclass
class Call:
    """A call that judges only when it is told to."""

    verdict: bool = True
    guessing: bool = True
    judged: int = 0
    barge_ins: int = 0
    answered: int = 0
    guesses: int = 0
    may_judge: asyncio.Event = field(default_factory=asyncio.Event)

    async def on_turn(self) -> bool:
        async with asyncio.timeout(DEADLINE_S):
            await self.may_judge.wait()
        self.judged += 1
        return self.verdict

    async def on_barge_in(self) -> None:
        self.barge_ins += 1

    def may_guess(self) -> bool:
        self.guesses += 1
        return self.guessing

    async def answer(self) -> None:
        self.answered += 1


@dataclass
class Gate:
    stage: LlmStage
    gate: TurnGate
    call: Call

    async def send(self, *frames: Frame) -> None:
        for frame in frames:
            await self.stage.send(frame)

    async def guess(self) -> None:
        await self.send(STARTED(), CONTEXT(LLMContext(), speculation=True))
        # The end of a turn, a system frame, would overtake it here.
        await until(lambda: self.call.guesses == 1)

    @property
    def passed(self) -> list[type[Frame]]:
        return [type(frame) for frame in self.stage.frames if isinstance(frame, KINDS)]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - nothing here has an event for it
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(call: Call) -> AsyncIterator[Gate]:
    gate = TurnGate(call.on_turn, call.on_barge_in, call.may_guess, call.answer)
    async with LlmStage(gate) as stage:
        yield Gate(stage, gate, call)


async def test_an_approved_guess_is_released_only_after_the_verdict() -> None:
    call = Call()
    async with running(call) as gate:
        await gate.guess()
        await until(lambda: CONTEXT in gate.passed)
        assert call.judged == 0
        await gate.send(STOPPED())
        await asyncio.sleep(0.1)
        assert STOPPED not in gate.passed
        call.may_judge.set()
        await until(lambda: STOPPED in gate.passed)
    assert gate.passed == [STARTED, CONTEXT, STOPPED]
    assert (call.judged, call.answered) == (1, 0)


async def test_a_refused_turn_withdraws_its_guess() -> None:
    call = Call(verdict=False)
    call.may_judge.set()
    async with running(call) as gate:
        await gate.guess()
        await gate.send(STOPPED())
        await until(lambda: STOPPED in gate.passed)
    assert gate.passed == [STARTED, CONTEXT, CANCEL, STOPPED]
    assert (call.judged, call.answered) == (1, 0)


async def test_an_outdated_guess_is_answered_anew() -> None:
    call = Call()
    async with running(call) as gate:
        await gate.guess()
        await until(lambda: CONTEXT in gate.passed)
        await gate.send(STOPPED())
        gate.gate.outdate()
        call.may_judge.set()
        await until(lambda: call.answered == 1)
    assert gate.passed == [STARTED, CONTEXT, CANCEL, STOPPED]


async def test_a_guess_the_model_may_not_see_is_answered_when_its_turn_ends() -> None:
    call = Call(guessing=False)
    call.may_judge.set()
    async with running(call) as gate:
        await gate.guess()
        await gate.send(STOPPED())
        await until(lambda: call.answered == 1)
    assert CONTEXT not in gate.passed
    assert call.judged == 1


async def test_a_caller_who_speaks_again_is_not_answered_but_still_judged() -> None:
    call = Call()
    async with running(call) as gate:
        await gate.guess()
        await gate.send(STOPPED())
        await asyncio.sleep(0.1)
        await gate.send(STARTED(), InterruptionFrame())
        await until(lambda: InterruptionFrame in gate.passed)
        call.may_judge.set()
        await until(lambda: call.judged == 1)
        await asyncio.sleep(0.1)
    # The end of the first turn stays before the beginning of the second.
    assert gate.passed == [STARTED, CONTEXT, CANCEL, STOPPED, STARTED, InterruptionFrame]
    assert (call.answered, call.barge_ins) == (0, 1)


async def test_a_withdrawn_guess_leaves_an_ordinary_turn() -> None:
    call = Call()
    call.may_judge.set()
    async with running(call) as gate:
        await gate.guess()
        await gate.send(CANCEL(), CONTEXT(LLMContext()), STOPPED())
        await until(lambda: gate.passed.count(CONTEXT) == 2 and STOPPED in gate.passed)
    assert call.judged == 1


async def test_a_turn_without_a_guess_waits_for_its_verdict() -> None:
    call = Call(verdict=False)
    call.may_judge.set()
    async with running(call) as gate:
        await gate.send(STARTED(), CONTEXT(LLMContext()))
        await until(lambda: call.judged == 1)
        await gate.send(STOPPED())
        await until(lambda: STOPPED in gate.passed)
    assert gate.passed == [STARTED, STOPPED]


async def test_a_guess_overtaken_by_the_end_of_its_turn_is_an_ordinary_turn() -> None:
    call = Call()
    async with running(call) as gate:
        await gate.send(STARTED(), STOPPED())
        await until(lambda: STOPPED in gate.passed)
        await gate.send(CONTEXT(LLMContext(), speculation=True))
        await asyncio.sleep(0.05)
        assert CONTEXT not in gate.passed
        call.may_judge.set()
        await until(lambda: CONTEXT in gate.passed)
    assert call.judged == 1
