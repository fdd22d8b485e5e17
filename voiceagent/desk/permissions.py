"""What each role may do: the one table of it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from voiceagent.store.desk_records import Role


class Permission(StrEnum):
    """One thing somebody may or may not do at the desk."""

    USE_DESK = "use_desk"
    """Have a line of one's own, take what is rung on it, and all one does in a call held."""
    TAKE_HANDOFFS = "take_handoffs"
    """Be available for calls that the AI hands over."""
    WATCH_BOARD = "watch_board"
    """See all calls in progress and who is at the desk."""
    FOLLOW_CALLS = "follow_calls"
    """Read along any call in progress, not only one's own."""
    LISTEN_IN = "listen_in"
    """Hear a call in progress without taking part."""
    HINT = "hint"
    """Whisper the AI something to consider."""
    TAKE_OVER = "take_over"
    """Have a call in progress rung on one's own line."""
    END_CALLS = "end_calls"
    """Have the AI end a call."""
    READ_CALLS = "read_calls"
    """Search past calls and read their reports."""
    HEAR_RECORDINGS = "hear_recordings"
    """Hear the recordings of past calls."""
    EXPORT_CALLS = "export_calls"
    """Take everything known of a call away as a file."""
    MARK_VERDICTS = "mark_verdicts"
    """Say whether the supervisor's verdicts were right."""
    READ_PROMPTS = "read_prompts"
    """See the prompt files as they are used."""
    READ_AUDIT = "read_audit"
    """See who did what."""


# A supervisor who takes a call over is rung like an agent, hence the line of their own.
_MAY: dict[Role, frozenset[Permission]] = {
    Role.AGENT: frozenset({Permission.USE_DESK, Permission.TAKE_HANDOFFS}),
    Role.SUPERVISOR: frozenset(
        {
            Permission.USE_DESK,
            Permission.WATCH_BOARD,
            Permission.FOLLOW_CALLS,
            Permission.LISTEN_IN,
            Permission.HINT,
            Permission.TAKE_OVER,
            Permission.END_CALLS,
            Permission.READ_CALLS,
            Permission.HEAR_RECORDINGS,
            Permission.EXPORT_CALLS,
            Permission.MARK_VERDICTS,
            Permission.READ_PROMPTS,
        }
    ),
    Role.ADMIN: frozenset(Permission),
}


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """Everything that somebody with these roles may do; each role adds to the others."""
    return frozenset().union(*(_MAY[role] for role in roles))
