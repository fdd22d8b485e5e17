"""What a call is and what happened in it: its state machine and its log, moved together.

What enters: events of the state machine, things to report, turns. What leaves: the same, logged
at the audio time at which they happened, before anyone acts on them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from voiceagent.calls.agent_voice import AgentTurn
from voiceagent.calls.event_log import EventLog
from voiceagent.domain.call import CallEvent, CallState, new_call
from voiceagent.domain.errors import StoreError
from voiceagent.domain.events import AnyEvent, CallMoved, LoggedEvent, TurnTaken
from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.legs.leg import Leg
from voiceagent.speech.utterances import Utterance, joined_utterance

# An address is often told over two or three turns.
_REMEMBERED_TURNS = 4


class Journal:
    """The state and the log of one call; used from the call's event loop."""

    def __init__(
        self,
        log: EventLog,
        leg: Leg,
        language: str,
        on_broken: Callable[[StoreError], None] = lambda _error: None,
    ) -> None:
        self._log = log
        self._on_broken = on_broken
        self._leg = leg
        self._language = language
        self._machine = new_call()
        self._caller_words: deque[str] = deque(maxlen=_REMEMBERED_TURNS)
        self._agent_spans: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED_TURNS)
        self.turns = 0
        """Turns taken so far; the number of the latest one."""
        self.turns_of_caller = 0

    @property
    def state(self) -> CallState:
        """Where the call is."""
        return self._machine.state

    def allows(self, event: CallEvent) -> bool:
        """Whether the call can take this event now."""
        return self._machine.allows(event)

    async def move(self, event: CallEvent) -> None:
        """Take an event of the state machine and log it.

        Raises:
            IllegalTransitionError: the call cannot take it; nothing happened.
        """
        source = self._machine.state
        target = self._machine.take(event)
        await self.report(lambda ms: CallMoved(at_ms=ms, source=source, event=event, target=target))

    async def report(self, make: Callable[[int], AnyEvent]) -> LoggedEvent:
        """Log an event at the audio time now; returns once it is committed.

        Raises:
            StoreError: it could not be written. Whoever reported it may have nobody to tell, so
                ``on_broken`` is told as well: a call that cannot be written down has to end.
        """
        try:
            return await self._log.append(make(self._leg.audio_ms))
        except StoreError as error:
            self._on_broken(error)
            raise

    async def note(self, make: Callable[[int], AnyEvent]) -> None:
        """:meth:`report` for those who need no answer (a ``Reporter``)."""
        await self.report(make)

    def listen(self, reader: Callable[[LoggedEvent], None]) -> None:
        """Have every event from now on read in line with the log; ``reader`` must not block."""
        self._log.subscribe(reader, critical=True)

    def events(self) -> tuple[LoggedEvent, ...]:
        """Everything committed so far."""
        return self._log.events()

    def caller_words(self) -> str:
        """What the caller said in their latest turns."""
        return " ".join(self._caller_words)

    async def caller_said(self, segments: Sequence[Utterance]) -> LoggedEvent:
        """Log a turn of the caller, made of what was recognised between two pauses each."""
        said = joined_utterance(segments)
        turn = Turn(
            number=self._next_turn(),
            speaker=Speaker.CALLER,
            text=said.text,
            start_ms=said.start_ms,
            end_ms=said.end_ms,
            confidence=round(said.confidence, 3),
            language=said.language,
            tone=said.tone,
            overlap_ms=self._overlap_ms(segments),
        )
        self._caller_words.append(turn.text)
        self.turns_of_caller += 1
        return await self.report(lambda ms: TurnTaken(at_ms=ms, turn=turn))

    async def agent_said(self, said: AgentTurn) -> None:
        """Log a turn of the agent: what was heard of it."""
        self._agent_spans.append((said.start_ms, said.end_ms))
        turn = Turn(
            number=self._next_turn(),
            speaker=Speaker.AGENT,
            text=said.heard,
            start_ms=said.start_ms,
            end_ms=said.end_ms,
            interrupted=said.interrupted,
            intended=said.intended if said.interrupted else "",
            language=self._language,
        )
        await self.report(lambda ms: TurnTaken(at_ms=ms, turn=turn))

    async def human_said(self, said: Utterance, offset_ms: int) -> None:
        """Log a turn of the human; ``offset_ms`` is where their leg's time began in the call's."""
        turn = Turn(
            number=self._next_turn(),
            speaker=Speaker.HUMAN,
            text=said.text,
            start_ms=offset_ms + said.start_ms,
            end_ms=offset_ms + said.end_ms,
            confidence=round(said.confidence, 3),
            language=said.language,
        )
        await self.report(lambda ms: TurnTaken(at_ms=ms, turn=turn))

    def _overlap_ms(self, segments: Sequence[Utterance]) -> int:
        """How long the caller talked while the agent was audible."""
        return sum(
            max(0, min(segment.end_ms, end) - max(segment.start_ms, start))
            for segment in segments
            for start, end in self._agent_spans
        )

    def _next_turn(self) -> int:
        self.turns += 1
        return self.turns
