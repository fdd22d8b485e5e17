"""A language model's opinion on whether the caller needs a person, asked beside the conversation.

In: the latest turns. Out: probabilities, or an error within the deadline. The model that is asked
need not be the one that talks, and it gets none of the talking model's prompt: it is asked about
the call, it does not take part in it. Questions and parsing are pipecat's ``LLMClassifier``.

A small model's opinion is worth little (a 1.5-billion-parameter one separates frustrated from calm
turns hardly better than chance), so the supervisor only ever counts it as soft evidence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from pipecat.classifiers.base_classifier import (
    BaseClassifier,
    ChoiceQuestion,
    ChoiceResult,
    ClassifierError,
    ClassifierQuestion,
    YesNoQuestion,
    YesNoResult,
)
from pipecat.classifiers.llm.classifier import LLMClassifier

from voiceagent.dialogue.llm import LlmCallbacks, LlmOptions, ResilientLlmService
from voiceagent.dialogue.llm_endpoint import LlmEndpoint
from voiceagent.domain.errors import LanguageModelError
from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.domain.verdict import TriggerKind

_TURNS, _TURNS_BRIEFLY = 10, 5
_CHARACTERS_PER_TURN = 400
_MAX_TOKENS, _MAX_TOKENS_BRIEFLY = 200, 40
_BRIEF_INSTRUCTIONS = (
    "You judge a phone call between a customer and an AI. Answer with one JSON object, like"
    ' {"person_needed": {"probability": 0.1}}, the probability that the answer is yes.'
)
_NO_REASON = "none"

_PERSON = YesNoQuestion(
    instructions="Should a human take over this call now?",
    yes="the customer asks for a person, is upset, threatens, is vulnerable, or the AI cannot help",
    no="the AI is helping and the customer is content to talk with it",
)
_FRUSTRATED = YesNoQuestion(
    instructions="Is the customer frustrated or angry with the company in their last message?",
    no="calm, or strong words about something else",
)
_REASON = ChoiceQuestion(
    instructions="Why would a human be needed, if at all?",
    options={
        TriggerKind.ASKED_FOR_PERSON: "asks for a person",
        TriggerKind.LEGAL: "lawyer, court, regulator, press",
        TriggerKind.LEAVING: "threatens to cancel or switch",
        TriggerKind.VULNERABLE: "bereavement, illness, hardship, danger",
        TriggerKind.CONTRADICTION: "facts do not agree",
        TriggerKind.MISUNDERSTANDING: "the two do not understand each other",
        TriggerKind.FRUSTRATION: "frustrated or angry",
        _NO_REASON: "no human is needed",
    },
)

_WHO = {Speaker.CALLER: "Customer", Speaker.AGENT: "AI", Speaker.HUMAN: "Employee"}


class SecondOpinionError(LanguageModelError):
    """The model gave no usable opinion in time."""

    code = "llm.no_second_opinion"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the model thinks.

    Both numbers are probabilities; ``frustrated`` is 0 and ``reason`` empty where not asked for.
    """

    person_needed: float
    frustrated: float = 0.0
    reason: str = ""


class SecondOpinion:
    """Asks one model about one call at a time; used from one event loop.

    Args:
        classifier: answers typed questions.
        deadline_s: longest wait for an opinion; later it is of no use to the call.
        brief: ask one question only, on the latest turns; for small models on this machine's
            cores, which read some 45 tokens a second and write ten.
    """

    def __init__(
        self, classifier: BaseClassifier, deadline_s: float = 4.0, *, brief: bool = False
    ) -> None:
        self._classifier = classifier
        self._deadline_s = deadline_s
        self._brief = brief
        self._busy = asyncio.Lock()
        self._service: ResilientLlmService | None = None

    @classmethod
    def of_endpoint(cls, endpoint: LlmEndpoint, deadline_s: float = 4.0) -> SecondOpinion:
        """One that asks the model at an OpenAI-compatible endpoint; close it in the end."""
        service = ResilientLlmService(endpoint, LlmOptions(), LlmCallbacks())
        brief = endpoint.constrained
        classifier = LLMClassifier(
            llm=service,
            instructions=_BRIEF_INSTRUCTIONS if brief else None,
            max_tokens=_MAX_TOKENS_BRIEFLY if brief else _MAX_TOKENS,
            timeout=deadline_s,
        )
        opinion = cls(classifier, deadline_s, brief=brief)
        opinion._service = service
        return opinion

    async def close(self) -> None:
        """Close the connection to the model."""
        if self._service is not None:
            await self._service.cleanup()

    @property
    def busy(self) -> bool:
        """Whether it is being asked; a second question would only wait for the first."""
        return self._busy.locked()

    async def on(self, turns: Sequence[Turn]) -> Opinion:
        """The model's opinion after these turns, of which the last is the caller's.

        Raises:
            SecondOpinionError: too late, unreachable, or not answered as asked.
        """
        questions: dict[str, ClassifierQuestion] = {"person_needed": _PERSON}
        if not self._brief:
            questions |= {"frustrated": _FRUSTRATED, "reason": _REASON}
        async with self._busy:
            try:
                answers = await asyncio.wait_for(
                    self._classifier.ask(self._conversation(turns), questions), self._deadline_s
                )
            except (ClassifierError, TimeoutError) as error:
                raise SecondOpinionError("The language model gave no second opinion.") from error
        person = answers["person_needed"]
        assert isinstance(person, YesNoResult)
        needed = round(person.probability, 3)
        if self._brief:
            return Opinion(needed)
        frustrated, reason = answers["frustrated"], answers["reason"]
        assert isinstance(frustrated, YesNoResult)
        assert isinstance(reason, ChoiceResult)
        chosen = "" if reason.choice == _NO_REASON else reason.choice
        return Opinion(needed, round(frustrated.probability, 3), chosen)

    def _conversation(self, turns: Sequence[Turn]) -> str:
        """The latest turns as a script, one line each."""
        latest = turns[-(_TURNS_BRIEFLY if self._brief else _TURNS) :]
        return "\n".join(f"{_WHO[t.speaker]}: {t.text[:_CHARACTERS_PER_TURN]}" for t in latest)
