"""The life of one call, from dialling to the last word written down."""

from __future__ import annotations

from enum import StrEnum

from voiceagent.domain.transitions import Machine


class CallState(StrEnum):
    """Where a call is."""

    CONNECTING = "connecting"
    """Dialled; nobody has picked up yet."""
    ANSWERING = "answering"
    """Picked up; is it a person, a voicemail, a screener, a menu?"""
    DISCLOSED = "disclosed"
    """The callee has heard, to its end, that this is an AI."""
    TALKING = "talking"
    """The agent and the caller talk."""
    HOLDING = "holding"
    """The caller waits for a human; the agent still listens."""
    BRIDGED = "bridged"
    """Caller and human talk; the agent only writes down."""
    WRAPPING_UP = "wrapping_up"
    """Last words, summary, disposition."""
    ENDED = "ended"
    """Over, with exactly one reason."""


class CallEvent(StrEnum):
    """What moves a call from one state to the next."""

    ANSWERED = "answered"
    DISCLOSURE_PLAYED = "disclosure_played"
    CONVERSATION_OPENED = "conversation_opened"
    HOLD_STARTED = "hold_started"
    HOLD_ENDED = "hold_ended"
    BRIDGE_OPENED = "bridge_opened"
    BRIDGE_CLOSED = "bridge_closed"
    RETURNED_TO_AI = "returned_to_ai"
    CLOSING = "closing"
    NOT_ANSWERED = "not_answered"
    HUNG_UP = "hung_up"
    FAILED = "failed"


class CallOutcome(StrEnum):
    """What a call came to: its one final disposition."""

    RESOLVED = "resolved"
    """The agent answered what the caller wanted."""
    HANDED_OVER = "handed_over"
    """A human took the caller."""
    CALLBACK_BOOKED = "callback_booked"
    """A new callback was promised and is in the book."""
    DO_NOT_CALL = "do_not_call"
    """The callee forbade further calls."""
    CALLER_HUNG_UP = "caller_hung_up"
    """The caller left before the matter was settled."""
    NOT_REACHED = "not_reached"
    """Busy, declined, no answer or no route."""
    FAILED = "failed"
    """The call broke on our side."""


_S, _E = CallState, CallEvent

CALL_TRANSITIONS: dict[tuple[CallState, CallEvent], CallState] = {
    (_S.CONNECTING, _E.ANSWERED): _S.ANSWERING,
    (_S.CONNECTING, _E.NOT_ANSWERED): _S.ENDED,
    (_S.ANSWERING, _E.DISCLOSURE_PLAYED): _S.DISCLOSED,
    (_S.ANSWERING, _E.CLOSING): _S.WRAPPING_UP,
    (_S.DISCLOSED, _E.CONVERSATION_OPENED): _S.TALKING,
    (_S.TALKING, _E.HOLD_STARTED): _S.HOLDING,
    (_S.TALKING, _E.CLOSING): _S.WRAPPING_UP,
    (_S.HOLDING, _E.HOLD_ENDED): _S.TALKING,
    (_S.HOLDING, _E.BRIDGE_OPENED): _S.BRIDGED,
    (_S.BRIDGED, _E.RETURNED_TO_AI): _S.TALKING,
    # The human was lost in mid-conversation: the caller waits while the next one is sought.
    (_S.BRIDGED, _E.HOLD_STARTED): _S.HOLDING,
    (_S.BRIDGED, _E.BRIDGE_CLOSED): _S.WRAPPING_UP,
    (_S.WRAPPING_UP, _E.HUNG_UP): _S.ENDED,
    # A person may hang up, and we may fail, at any moment of a connected call.
    **{
        (state, event): _S.ENDED
        for state in (_S.CONNECTING, _S.ANSWERING, _S.DISCLOSED, _S.TALKING, _S.HOLDING, _S.BRIDGED)
        for event in (_E.HUNG_UP, _E.FAILED)
    },
    (_S.WRAPPING_UP, _E.FAILED): _S.ENDED,
}


def new_call() -> Machine[CallState, CallEvent]:
    """A call that has just been dialled."""
    return Machine("call", CallState.CONNECTING, CALL_TRANSITIONS)
