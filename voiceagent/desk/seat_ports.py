"""What the agents' side of the desk needs of everything else, and how it may be set.

Narrow on purpose: who keeps live calls, callbacks and blocked numbers is for the composition root
to say.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from voiceagent.domain.packet import Packet
from voiceagent.domain.verdict import Trigger
from voiceagent.handoff.roster import Roster
from voiceagent.legs.webrtc_media import MediaPeer
from voiceagent.store.desk_store import DeskStore


@dataclass(frozen=True, slots=True)
class CallInfo:
    """What is known of a live call now, for the human it is offered to.

    Attributes:
        customer_name, phone: empty where unknown.
        language: BCP 47 primary tag.
        matter: the caller's matter in one sentence; empty before it is known.
        why: on what grounds a person is needed.
        mood: a word on how the caller sounds.
        frustration: 0 calm .. 1.
        waiting_since: when the caller's hold began; None if they are not on hold.
        packet: its latest version; None before the first.
    """

    customer_name: str = ""
    phone: str = ""
    language: str = ""
    matter: str = ""
    why: tuple[Trigger, ...] = ()
    mood: str = ""
    frustration: float = 0.0
    waiting_since: datetime | None = None
    packet: Packet | None = None


class CallInfos(Protocol):
    """The live calls, as far as the agents' side looks at them."""

    def info(self, call_id: str) -> CallInfo | None:
        """What is known of a call; None for one that is not live, or not yet known."""

    def live(self) -> int:
        """How many calls are live."""

    def waiting(self) -> int:
        """How many of them are on hold for a human."""


@dataclass(frozen=True, slots=True)
class SeatPorts:
    """What seats reach the rest through.

    Attributes:
        calls: the live calls.
        store: where notes and wrap-ups are kept.
        book: promises a callback for the callee of a call: ``(call_id, due_at, reason)``. Booking
            again for the same call moves it.
        forbid: blocks the number of a call's callee for good: ``(call_id)``.
    """

    calls: CallInfos
    store: DeskStore
    book: Callable[[str, datetime, str], Awaitable[None]]
    forbid: Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class SeatOptions:
    """Times at the desk, in seconds.

    Attributes:
        ring_timeout_s: how long a human is rung, as the handoff has it; shown, not enforced here.
        wrap_up_s: the longest time for writing down what a call came to.
        away_s: with neither page nor line open for so long, somebody is gone.
        remember_s: who comes back within this is what they were; later they are offline. A coffee,
            not a shift.
        explain_s: so long it is waited to learn from the log why a ring ended.
        act_s: so long a request waits for what it asked for to have happened.
        unanswered_rings: after so many rings in a row without an answer somebody is paused.
        reopen_s: how long a ring waits for a line that is gone.
        brief_by_voice: whoever accepts is told what it is about by voice as well, although it is
            on their screen.
    """

    ring_timeout_s: float = 20.0
    wrap_up_s: float = 120.0
    away_s: float = 10.0
    remember_s: float = 900.0
    explain_s: float = 3.0
    act_s: float = 2.0
    unanswered_rings: int = 2
    reopen_s: float = 3.0
    brief_by_voice: bool = False


@dataclass(frozen=True, slots=True)
class SeatParts:
    """What all seats share.

    Attributes:
        clock: tells the time, aware.
        make_media: makes an unused connection for each line that is opened.
        talked_with: for each live call the ids of the humans who have been bridged to it.
    """

    roster: Roster
    ports: SeatPorts
    clock: Callable[[], datetime]
    options: SeatOptions
    make_media: Callable[[], MediaPeer]
    talked_with: dict[str, set[str]] = field(default_factory=dict)
