"""The life of a handoff: from the decision for a human to both talking, or an honest failure."""

from __future__ import annotations

from enum import StrEnum

from voiceagent.domain.transitions import Machine


class HandoffState(StrEnum):
    """Where a handoff stands."""

    PROPOSED = "proposed"
    """The supervisor decided, or the caller took up an offer."""
    ANNOUNCED = "announced"
    """The caller has been told what happens and why."""
    SEEKING = "seeking"
    """Looking for a human who is free and fits."""
    RINGING = "ringing"
    """One human's phone or desk rings."""
    BRIEFING = "briefing"
    """The human accepted and is given the packet."""
    BRIDGING = "bridging"
    """The two legs are being joined."""
    BRIDGED = "bridged"
    """Caller and human hear each other."""
    FALLBACK = "fallback"
    """No human could be had; the agent returns and books a callback."""
    RETURNED_TO_AI = "returned_to_ai"
    """The human sent the caller back to the agent."""
    FINISHED = "finished"
    """The bridged conversation ended."""
    FAILED = "failed"
    """Over without a bridge, with exactly one typed outcome."""


class HandoffEvent(StrEnum):
    """What moves a handoff."""

    ANNOUNCE = "announce"
    SEEK = "seek"
    RING = "ring"
    ACCEPT = "accept"
    BRIEFED = "briefed"
    BRIDGE = "bridge"
    DECLINED = "declined"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    AGENT_VOICEMAIL = "agent_voicemail"
    AGENT_LOST = "agent_lost"
    TRUNK_FAULT = "trunk_fault"
    NOBODY_FREE = "nobody_free"
    FALL_BACK = "fall_back"
    CALLBACK_BOOKED = "callback_booked"
    AI_RESUMES = "ai_resumes"
    RETURN_TO_AI = "return_to_ai"
    FINISH = "finish"
    CALLER_CANCELLED = "caller_cancelled"
    CALLER_CHOSE_CALLBACK = "caller_chose_callback"
    CALLER_HUNG_UP = "caller_hung_up"


class HandoffOutcome(StrEnum):
    """The one typed outcome every handoff ends in."""

    BRIDGED = "bridged"
    RETURNED_TO_AI = "returned_to_ai"
    """Caller and human talked, and the human sent the caller back to the agent."""
    DECLINED = "declined"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    AGENT_VOICEMAIL = "agent_voicemail"
    AGENT_LOST = "agent_lost"
    TRUNK_FAULT = "trunk_fault"
    NOBODY_FREE = "nobody_free"
    CALLER_CANCELLED = "caller_cancelled"
    """The caller stays with the agent after all."""
    CALLBACK_CHOSEN = "callback_chosen"
    """The caller would rather be called back than wait."""
    CALLER_HUNG_UP = "caller_hung_up"


_S, _E = HandoffState, HandoffEvent

RING_FAILURES: frozenset[HandoffEvent] = frozenset(
    {
        _E.DECLINED,
        _E.BUSY,
        _E.NO_ANSWER,
        _E.AGENT_VOICEMAIL,
        _E.AGENT_LOST,
        _E.TRUNK_FAULT,
    }
)
"""Ways in which one human cannot be had; the next one may still be sought."""

HANDOFF_TRANSITIONS: dict[tuple[HandoffState, HandoffEvent], HandoffState] = {
    (_S.PROPOSED, _E.ANNOUNCE): _S.ANNOUNCED,
    (_S.ANNOUNCED, _E.SEEK): _S.SEEKING,
    (_S.SEEKING, _E.RING): _S.RINGING,
    (_S.SEEKING, _E.NOBODY_FREE): _S.FALLBACK,
    # Every human tried has failed: the last failure names the outcome.
    (_S.SEEKING, _E.FALL_BACK): _S.FALLBACK,
    # The longest hold is over while somebody's phone still rings.
    (_S.RINGING, _E.NOBODY_FREE): _S.FALLBACK,
    (_S.RINGING, _E.ACCEPT): _S.BRIEFING,
    **{(_S.RINGING, failure): _S.SEEKING for failure in sorted(RING_FAILURES)},
    (_S.BRIEFING, _E.BRIEFED): _S.BRIDGING,
    (_S.BRIEFING, _E.AGENT_LOST): _S.SEEKING,
    (_S.BRIEFING, _E.DECLINED): _S.SEEKING,
    (_S.BRIDGING, _E.BRIDGE): _S.BRIDGED,
    (_S.BRIDGING, _E.AGENT_LOST): _S.SEEKING,
    (_S.BRIDGED, _E.FINISH): _S.FINISHED,
    (_S.BRIDGED, _E.RETURN_TO_AI): _S.RETURNED_TO_AI,
    # The human's line dropped in mid-conversation: the agent returns to the caller.
    (_S.BRIDGED, _E.AGENT_LOST): _S.SEEKING,
    (_S.BRIDGED, _E.CALLER_HUNG_UP): _S.FINISHED,
    (_S.FALLBACK, _E.CALLBACK_BOOKED): _S.FAILED,
    (_S.FALLBACK, _E.AI_RESUMES): _S.FAILED,
    (_S.FALLBACK, _E.CALLER_HUNG_UP): _S.FAILED,
    # The caller may change their mind or leave at any moment before the bridge.
    **{
        (state, event): _S.FAILED
        for state in (
            _S.PROPOSED,
            _S.ANNOUNCED,
            _S.SEEKING,
            _S.RINGING,
            _S.BRIEFING,
            _S.BRIDGING,
        )
        for event in (_E.CALLER_CANCELLED, _E.CALLER_HUNG_UP)
    },
    # Until a human has accepted, the caller may rather be called back.
    **{
        (state, _E.CALLER_CHOSE_CALLBACK): _S.FALLBACK
        for state in (_S.ANNOUNCED, _S.SEEKING, _S.RINGING)
    },
}


def new_handoff() -> Machine[HandoffState, HandoffEvent]:
    """A handoff that was just decided."""
    return Machine("handoff", HandoffState.PROPOSED, HANDOFF_TRANSITIONS)
