"""Whose call is whose: supervisors see all calls, an agent the one they are offered or hold.

Whether a call exists is not told to somebody who may not see it.
"""

from __future__ import annotations

from voiceagent.desk.errors import NotAllowedError
from voiceagent.desk.lines import Lines
from voiceagent.desk.permissions import Permission
from voiceagent.desk.security import DeskSecurity, Principal


def may_see(principal: Principal, permission: Permission, lines: Lines, call_id: str) -> bool:
    """Whether somebody may do this to the call: by their role, or because it is theirs."""
    if principal.may(permission):
        return True
    return principal.may(Permission.USE_DESK) and lines.may_follow(principal.id, call_id)


def require_sight(principal: Principal, permission: Permission, lines: Lines, call_id: str) -> None:
    """Return if somebody may do this to the call.

    Raises:
        NotAllowedError: they may not.
    """
    if not may_see(principal, permission, lines, call_id):
        raise NotAllowedError


async def still_may_see(
    security: DeskSecurity,
    principal: Principal,
    permission: Permission,
    lines: Lines,
    call_id: str,
) -> bool:
    """The same for an answer that is still under way: sessions end, roles and calls change."""
    if await security.still_may(principal, permission):
        return True
    if not lines.may_follow(principal.id, call_id):
        return False
    return await security.still_may(principal, Permission.USE_DESK)
