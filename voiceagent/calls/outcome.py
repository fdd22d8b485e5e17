"""What a call is coming to, read from its events as they happen."""

from __future__ import annotations

from voiceagent.domain.call import CallOutcome
from voiceagent.domain.events import CallbackBooked, DoNotCallEntered, LoggedEvent, ToolReturned
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.domain.handoff_events import HandoffEnded, PacketWritten

# Tools whose success means that the caller got what they called for.
_ANSWERING_TOOLS = frozenset(
    {"look_up_invoices", "look_up_payments", "look_up_plan", "correct_address", "open_case"}
)


class OutcomeSoFar:
    """The outcome of a call in progress.

    A human who took over, a promised callback and a forbidden number outrank how the call ends;
    otherwise it is resolved once the agent had something to tell.
    """

    def __init__(self) -> None:
        self._settled: CallOutcome | None = None
        self._matter_answered = False
        self.packets = 0
        """Versions of the packet written so far."""

    def watch(self, logged: LoggedEvent) -> None:
        """Take note of an event; called in line with the log."""
        event = logged.event
        if isinstance(event, PacketWritten):
            self.packets = event.packet.version
        if isinstance(event, DoNotCallEntered):
            self._settled = CallOutcome.DO_NOT_CALL
        elif self.forbidden:
            return
        elif isinstance(event, CallbackBooked):
            self._settled = CallOutcome.CALLBACK_BOOKED
        elif isinstance(event, HandoffEnded) and event.outcome is HandoffOutcome.BRIDGED:
            self._settled = CallOutcome.HANDED_OVER
        elif isinstance(event, HandoffEnded) and event.outcome is HandoffOutcome.RETURNED_TO_AI:
            # A human has talked with the caller and left the rest to the agent.
            self._matter_answered = True
        elif isinstance(event, ToolReturned) and event.ok and event.tool in _ANSWERING_TOOLS:
            self._matter_answered = True

    def dialogue_done(self) -> None:
        """The playbook has come to its end."""
        self._matter_answered = True

    @property
    def forbidden(self) -> bool:
        """Whether the callee forbade further calls."""
        return self._settled is CallOutcome.DO_NOT_CALL

    @property
    def so_far(self) -> CallOutcome:
        """What the call came to if it ended now."""
        if self._settled is not None:
            return self._settled
        return CallOutcome.RESOLVED if self._matter_answered else CallOutcome.CALLER_HUNG_UP
