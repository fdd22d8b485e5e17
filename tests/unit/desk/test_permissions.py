"""Every permission against every role, written out: a change of the table is a change here."""

from __future__ import annotations

from itertools import product

import pytest

from voiceagent.desk.permissions import Permission, permissions_of
from voiceagent.store.desk_records import Role

pytestmark = pytest.mark.unit

AGENT, SUPERVISOR, ADMIN = Role.AGENT, Role.SUPERVISOR, Role.ADMIN

MAY = {
    Permission.USE_DESK: {AGENT, SUPERVISOR, ADMIN},
    Permission.TAKE_HANDOFFS: {AGENT, ADMIN},
    Permission.WATCH_BOARD: {SUPERVISOR, ADMIN},
    Permission.FOLLOW_CALLS: {SUPERVISOR, ADMIN},
    Permission.LISTEN_IN: {SUPERVISOR, ADMIN},
    Permission.HINT: {SUPERVISOR, ADMIN},
    Permission.TAKE_OVER: {SUPERVISOR, ADMIN},
    Permission.END_CALLS: {SUPERVISOR, ADMIN},
    Permission.READ_CALLS: {SUPERVISOR, ADMIN},
    Permission.HEAR_RECORDINGS: {SUPERVISOR, ADMIN},
    Permission.EXPORT_CALLS: {SUPERVISOR, ADMIN},
    Permission.MARK_VERDICTS: {SUPERVISOR, ADMIN},
    Permission.READ_PROMPTS: {SUPERVISOR, ADMIN},
    Permission.READ_AUDIT: {ADMIN},
}


def test_the_matrix_is_whole() -> None:
    assert set(MAY) == set(Permission)


@pytest.mark.parametrize(("permission", "role"), product(Permission, Role))
def test_what_each_role_may(permission: Permission, role: Role) -> None:
    assert (permission in permissions_of([role])) is (role in MAY[permission])


def test_roles_add_up() -> None:
    both = permissions_of([AGENT, SUPERVISOR])
    assert both == permissions_of([AGENT]) | permissions_of([SUPERVISOR])
    assert permissions_of([]) == frozenset()
