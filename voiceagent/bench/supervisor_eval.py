"""The supervisor on labelled dialogues, exactly as it watches a call.

What enters: dialogues, a policy, the classifiers, perhaps a language model for second opinions.
What leaves: for every labelled turn what the supervisor made of it. Each dialogue is put to a fresh
supervisor as the events a call would have reported, one after the other; it never sees a label, nor
a later turn.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import soundfile

from voiceagent.bench.labelled_dialogues import LabelledDialogue, LabelledTurn
from voiceagent.dialogue.second_opinion import SecondOpinion
from voiceagent.domain.errors import InputError, LanguageModelError
from voiceagent.domain.events import (
    AnyEvent,
    CallPlaced,
    SecondOpinionGiven,
    SecondOpinionMissed,
    TurnTaken,
)
from voiceagent.domain.transcript import Speaker, Tone, Turn
from voiceagent.domain.verdict import Action, Verdict
from voiceagent.speech.tone import measure_tone
from voiceagent.supervisor.policy import Policy
from voiceagent.supervisor.turn_reading import TurnReader
from voiceagent.supervisor.watcher import Supervisor

# Written turns have no sound; this is about how long it takes to say them.
_MS_PER_WORD = 380
_PAUSE_MS = 700
_RANK = {action: rank for rank, action in enumerate(Action)}


@dataclass(frozen=True, slots=True)
class JudgedTurn:
    """What the supervisor made of one labelled turn, beside what people did.

    Attributes:
        dialogue, lang: where it stands.
        turn: its index in the dialogue's turns, from 0.
        text: what was said.
        frustrated, escalate: the labels; None where there is none.
        frustration: the supervisor's score, 0..1.
        action: the weightiest it called for at this turn.
        triggers: on what grounds (``TriggerKind`` values), each once.
    """

    dialogue: str
    lang: str
    turn: int
    text: str = field(repr=False)
    frustrated: bool | None
    escalate: bool | None
    frustration: float
    action: Action
    triggers: tuple[str, ...]

    @property
    def escalated(self) -> bool:
        """Whether a person was offered or the call handed over."""
        return self.action in (Action.OFFER_PERSON, Action.HAND_OVER)

    @property
    def calm(self) -> bool:
        """Whether people saw nothing wrong with this turn."""
        return not self.frustrated and not self.escalate


class DialogueJudge:
    """Puts dialogues to the supervisor.

    Args:
        policy: the supervisor's.
        reader: the trained classifiers.
        second_opinion: a language model; None for none.
        folder: what ``audio`` is relative to.
    """

    def __init__(
        self,
        policy: Policy,
        reader: TurnReader,
        second_opinion: SecondOpinion | None = None,
        folder: Path = Path(),
    ) -> None:
        self._policy = policy
        self._reader = reader
        self._second_opinion = second_opinion
        self._folder = folder
        self.missed_opinions = 0
        """Second opinions that did not come in time or could not be used."""

    async def judge(self, dialogue: LabelledDialogue) -> AsyncIterator[JudgedTurn]:
        """Every labelled turn of the customer, in order.

        Raises:
            InputError: a recording cannot be read.
        """
        supervisor = Supervisor(self._policy)
        supervisor.observe(
            CallPlaced(
                at_ms=0, account_id="", playbook="", language=dialogue.lang, reason="", leg=""
            )
        )
        turns: list[Turn] = []
        for index, said in enumerate(dialogue.turns):
            turns.append(self._turn(turns, said, dialogue.lang))
            verdicts = [supervisor.observe(TurnTaken(at_ms=turns[-1].end_ms, turn=turns[-1]))]
            if said.speaker != "customer":
                continue
            async for event in self._advice(turns):
                verdicts.append(supervisor.observe(event))
            if said.labelled:
                yield _judged(dialogue, index, said, supervisor.frustration, verdicts)

    def _turn(self, before: Sequence[Turn], said: LabelledTurn, lang: str) -> Turn:
        start_ms = before[-1].end_ms + _PAUSE_MS if before else 0
        turn = Turn(
            number=len(before) + 1,
            speaker=Speaker.CALLER if said.speaker == "customer" else Speaker.AGENT,
            text=said.text,
            start_ms=start_ms,
            end_ms=start_ms + _MS_PER_WORD * max(1, len(said.text.split())),
            language=lang,
        )
        if said.audio is None:
            return turn
        tone, length_ms = self._heard(said)
        return replace(turn, tone=tone, end_ms=start_ms + length_ms)

    def _heard(self, said: LabelledTurn) -> tuple[Tone | None, int]:
        path = self._folder / (said.audio or "")
        try:
            audio, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        except (OSError, soundfile.LibsndfileError) as error:
            raise InputError(
                f"The recording '{path}' cannot be read.", "It must be a WAV or FLAC file."
            ) from error
        mono = audio.mean(axis=1)
        return measure_tone(mono, rate_hz, said.text), len(mono) * 1000 // rate_hz

    async def _advice(self, turns: Sequence[Turn]) -> AsyncIterator[AnyEvent]:
        at_ms = turns[-1].end_ms
        reading = self._reader.read(turns)
        yield reading.classified(at_ms)
        yield reading.scored(at_ms)
        if self._second_opinion is None:
            return
        number = turns[-1].number
        try:
            given = await self._second_opinion.on(turns)
        except LanguageModelError as error:
            self.missed_opinions += 1
            yield SecondOpinionMissed(at_ms=at_ms, turn=number, code=error.code)
            return
        yield SecondOpinionGiven(
            at_ms=at_ms,
            turn=number,
            person_needed=given.person_needed,
            frustrated=given.frustrated,
            reason=given.reason,
        )


def _judged(
    dialogue: LabelledDialogue,
    index: int,
    said: LabelledTurn,
    frustration: float,
    verdicts: Iterable[Verdict | None],
) -> JudgedTurn:
    given = [verdict for verdict in verdicts if verdict is not None]
    action = max((v.action for v in given), key=_RANK.__getitem__, default=Action.CONTINUE)
    kinds = dict.fromkeys(str(t.kind) for v in given for t in v.triggers)
    return JudgedTurn(
        dialogue=dialogue.id,
        lang=dialogue.lang,
        turn=index,
        text=said.text,
        frustrated=said.frustrated,
        escalate=said.escalate,
        frustration=round(frustration, 4),
        action=action,
        triggers=tuple(kinds),
    )
