"""The life of one person's seat at the desk, as a table, and whether calls may ring there. Pure.

    idle -> offered -> connecting -> briefing -> bridged <-> on_hold -> wrap_up -> idle
                 \\________\\____________\\-> parted -> idle

A ring that comes to nothing passes through ``parted``: the line is over at once, why it is over is
in the call's log a moment later.
"""

from __future__ import annotations

from enum import StrEnum

from voiceagent.domain.transitions import Machine
from voiceagent.handoff.roster import Availability


class SeatState(StrEnum):
    """What somebody at the desk is busy with."""

    IDLE = "idle"
    """Nothing rings, and nobody is talked to."""
    OFFERED = "offered"
    """A call rings and waits for an answer."""
    CONNECTING = "connecting"
    """The call was accepted; the handoff does not know yet."""
    BRIEFING = "briefing"
    """They are told what it is about, the caller hears who is coming."""
    BRIDGED = "bridged"
    """They and the caller hear each other."""
    ON_HOLD = "on_hold"
    """The caller hears music."""
    PARTED = "parted"
    """The line was over before they talked; the log has not said yet why."""
    WRAP_UP = "wrap_up"
    """They talked, and now write down what it came to."""


class SeatEvent(StrEnum):
    """What moves a seat."""

    RING = "ring"
    ACCEPT = "accept"
    BRIEF = "brief"
    BRIDGE = "bridge"
    HOLD = "hold"
    GO_ON = "go_on"
    LINE_OVER = "line_over"
    EXPLAINED = "explained"
    WRAPPED_UP = "wrapped_up"


_S, _E = SeatState, SeatEvent

SEAT_TRANSITIONS: dict[tuple[SeatState, SeatEvent], SeatState] = {
    (_S.IDLE, _E.RING): _S.OFFERED,
    (_S.OFFERED, _E.ACCEPT): _S.CONNECTING,
    (_S.CONNECTING, _E.BRIEF): _S.BRIEFING,
    (_S.BRIEFING, _E.BRIDGE): _S.BRIDGED,
    # Whoever follows a log too slowly is spared some of its events.
    (_S.CONNECTING, _E.BRIDGE): _S.BRIDGED,
    (_S.BRIDGED, _E.HOLD): _S.ON_HOLD,
    (_S.ON_HOLD, _E.GO_ON): _S.BRIDGED,
    **{(state, _E.LINE_OVER): _S.PARTED for state in (_S.OFFERED, _S.CONNECTING, _S.BRIEFING)},
    (_S.BRIDGED, _E.LINE_OVER): _S.WRAP_UP,
    (_S.ON_HOLD, _E.LINE_OVER): _S.WRAP_UP,
    (_S.PARTED, _E.EXPLAINED): _S.IDLE,
    # They had talked, only shorter than it takes to commit it.
    (_S.PARTED, _E.BRIDGE): _S.WRAP_UP,
    (_S.WRAP_UP, _E.WRAPPED_UP): _S.IDLE,
    # A call they take over does not wait for what is left to write about the last one.
    (_S.WRAP_UP, _E.RING): _S.OFFERED,
}

HELD = frozenset({_S.CONNECTING, _S.BRIEFING, _S.BRIDGED, _S.ON_HOLD})
"""The call is theirs."""

TALKING = frozenset({_S.BRIDGED, _S.ON_HOLD})
"""They and the caller have been joined."""


def new_seat() -> Machine[SeatState, SeatEvent]:
    """The seat of somebody who has just come to the desk."""
    return Machine("seat", SeatState.IDLE, SEAT_TRANSITIONS)


def shown(wish: Availability, *, away: bool, wrapping_up: bool) -> Availability:
    """What people see.

    Args:
        wish: what they chose last: available, paused or offline.
        away: neither a page nor a line of theirs is open.
        wrapping_up: the last call is not written down yet.
    """
    if away or wish is Availability.OFFLINE:
        return Availability.OFFLINE
    return Availability.WRAP_UP if wrapping_up else wish


def on_roster(
    wish: Availability, *, away: bool, wrapping_up: bool, reachable: bool
) -> Availability:
    """What the roster goes by: nobody is rung, or waited for, whom a ring would not reach.

    Args:
        reachable: their line is up.
    """
    seen = shown(wish, away=away, wrapping_up=wrapping_up)
    soon_free = wish is Availability.AVAILABLE and reachable
    if seen in {Availability.AVAILABLE, Availability.WRAP_UP} and not soon_free:
        return Availability.PAUSED
    return seen
