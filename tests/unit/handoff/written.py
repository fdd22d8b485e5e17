"""Dialogues, and language models that answer what they are told to, for the tests of the packet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.unit.supervisor.calls import POLICY
from voiceagent.domain.events import AnyEvent, TurnTaken, VerdictGiven
from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.supervisor.watcher import Supervisor

PARCEL = (
    "C: Hi, my parcel GB4471902385 was marked as delivered yesterday but nothing arrived.",
    "A: I am sorry. The driver's note says it was left in the porch. Do you have a porch?",
    "C: No, I live on the third floor. I paid $64.50 for it. Who pays that back to me?",
    "A: I have opened an investigation with the depot. I will send you a refund of $64.50 by"
    " Friday.",
    "C: Please don't send it to my old address in Leeds. My name is Daniel Reyes.",
)


def dialogue(*lines: str, language: str = "en") -> list[AnyEvent]:
    """Events of a dialogue without a record; lines begin with ``C:``, ``A:`` or ``H:``."""
    speakers = {"C": Speaker.CALLER, "A": Speaker.AGENT, "H": Speaker.HUMAN}
    events: list[AnyEvent] = []
    supervisor = Supervisor(POLICY)
    for number, line in enumerate(lines, start=1):
        start = number * 5_000
        turn = Turn(
            number, speakers[line[0]], line[2:].strip(), start, start + 3_000, language=language
        )
        events.append(TurnTaken(at_ms=turn.end_ms, turn=turn))
        if verdict := supervisor.observe(events[-1]):
            events.append(VerdictGiven(at_ms=turn.end_ms, verdict=verdict))
    return events


class Answering:
    """A language model that gives fixed answers in turn, the last one again and again."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[Sequence[Mapping[str, Any]]] = []

    async def __call__(
        self,
        messages: Sequence[Mapping[str, Any]],
        schema: Mapping[str, Any],
        deadline_s: float,
        max_tokens: int,
    ) -> dict[str, Any]:
        self.asked.append(messages)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer
