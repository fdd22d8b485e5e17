"""What the supervisors' side needs of the agents' side: people's lines, and whose call is whose.

In: who asks. Out: the line on which they can be rung, if they have one, and whether a call is
theirs to follow. The seats of the desk implement it.
"""

from __future__ import annotations

from typing import Protocol

from voiceagent.desk.security import Principal
from voiceagent.legs.desk_line import DeskLine


class Lines(Protocol):
    """The lines of everybody at the desk; used from the event loop of the calls."""

    def line_of(self, user_id: str) -> DeskLine | None:
        """This person's own line; None if their browser never opened one."""

    def ensure_on_roster(self, principal: Principal) -> None:
        """Have this person rung on their line when a call is put through to them.

        Harmless when repeated; whether they take handed-over calls does not change.
        """

    def may_follow(self, user_id: str, call_id: str) -> bool:
        """Whether this person is offered the call, holds it, or is wrapping it up."""
