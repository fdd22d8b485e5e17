"""One call of a customer at a browser, as that customer sees it.

In: the call's events. Out: its stage, who talks, the turns so far; and the events for the page,
from the beginning for each page that follows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from pydantic import BaseModel
from sse_starlette.event import ServerSentEvent

from voiceagent.desk.customer_models import CustomerStage, CustomerState, CustomerTurn
from voiceagent.desk.news import News
from voiceagent.domain.call import CallOutcome, CallState
from voiceagent.domain.events import CallEnded, CallMoved, LoggedEvent, TurnTaken
from voiceagent.domain.handoff import HandoffEvent
from voiceagent.domain.handoff_events import BridgeHeld, HandoffMoved
from voiceagent.legs.webrtc import WebRtcLeg

PING_S = 10.0

_STAGES = {
    CallState.CONNECTING: CustomerStage.CONNECTING,
    CallState.HOLDING: CustomerStage.HOLDING,
    CallState.BRIDGED: CustomerStage.WITH_PERSON,
    CallState.ENDED: CustomerStage.ENDED,
}


class OngoingCall:
    """One call; used from one event loop.

    Args:
        leg: the customer's line.
        name_of: a human's name, by id.

    Attributes:
        call_id: empty before the call has been placed.
        news: told whenever there is more to see.
    """

    def __init__(self, leg: WebRtcLeg, name_of: Callable[[str], str]) -> None:
        self.leg = leg
        self.call_id = ""
        self.news = News()
        self._name_of = name_of
        self._person = ""
        self._state = CustomerState(state=CustomerStage.CONNECTING)
        self._turns: list[CustomerTurn] = []

    @property
    def is_over(self) -> bool:
        """Whether the call has ended."""
        return self._state.state is CustomerStage.ENDED

    @property
    def state(self) -> CustomerState:
        """The call now."""
        return self._state

    async def on_event(self, logged: LoggedEvent) -> None:
        """An event of this call was committed."""
        event = logged.event
        if isinstance(event, TurnTaken):
            turn = event.turn
            self._turns.append(
                CustomerTurn(speaker=turn.speaker, text=turn.text, number=turn.number)
            )
        elif isinstance(event, HandoffMoved) and event.event is HandoffEvent.BRIDGE:
            self._person = self._name_of(event.human)
        elif isinstance(event, BridgeHeld):
            stage = CustomerStage.HELD if event.on else CustomerStage.WITH_PERSON
            self._become(CustomerState(state=stage, person=self._person))
        elif isinstance(event, CallEnded):
            self.end(event.outcome)
        elif isinstance(event, CallMoved) and event.target is not CallState.ENDED:
            # With its outcome, the end is told by the event after it.
            stage = _STAGES.get(event.target, CustomerStage.TALKING)
            person = self._person if stage is CustomerStage.WITH_PERSON else ""
            self._become(CustomerState(state=stage, person=person))
        self.news.tell()

    def end(self, outcome: CallOutcome) -> None:
        """The call is over; only the first outcome counts."""
        self._become(CustomerState(state=CustomerStage.ENDED, outcome=outcome))
        self.news.tell()

    async def follow(self, ping_s: float = PING_S) -> AsyncIterator[ServerSentEvent]:
        """``state`` and ``turn`` for all there is, then for all that comes, until the end.

        Args:
            ping_s: between two pings, in seconds.
        """
        told: CustomerState | None = None
        turns = 0
        with self.news.read() as news:
            while True:
                news.clear()
                # The end is told last: nothing is read after it.
                if self._state != told and not self.is_over:
                    told = self._state
                    yield _event("state", told)
                while turns < len(self._turns):
                    turns += 1
                    yield _event("turn", self._turns[turns - 1])
                if self.is_over and turns == len(self._turns):
                    yield _event("state", self._state)
                    return
                if news.is_set():
                    continue
                with suppress(TimeoutError):
                    async with asyncio.timeout(ping_s):
                        await news.wait()
                if not news.is_set():
                    yield ServerSentEvent(comment="ping")

    def _become(self, state: CustomerState) -> None:
        if not self.is_over:
            self._state = state


def _event(name: str, what: BaseModel) -> ServerSentEvent:
    return ServerSentEvent(what.model_dump_json(), event=name)
