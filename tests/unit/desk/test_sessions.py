"""Sessions end by the clock, by hand, and with their user."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.desk.scene import Clock, Desk
from voiceagent.desk.sessions import (
    OpenSession,
    SessionOptions,
    Sessions,
    csrf_fits,
    csrf_token,
    new_token,
)
from voiceagent.store import DeskStore

pytestmark = pytest.mark.unit

OPTIONS = SessionOptions(idle_s=600, longest_s=3600, touch_s=60)


@pytest.fixture
def sessions(store: DeskStore, clock: Clock) -> Sessions:
    return Sessions(store, clock, OPTIONS)


@pytest.fixture
def opened(desk: Desk, sessions: Sessions) -> OpenSession:
    return sessions.open(desk.add_user())


def test_a_session_is_found_by_its_token_only(sessions: Sessions, opened: OpenSession) -> None:
    assert sessions.find(opened.token) == opened
    for wrong in ("", "x", opened.token[:-1], opened.token.swapcase(), opened.csrf, "\ud800"):
        assert sessions.find(wrong) is None


def test_every_token_is_long_and_new() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(len(token) for token in tokens) >= 43  # 256 bits, six to a sign


def test_neither_token_is_in_the_database_or_in_any_text(
    sessions: Sessions, opened: OpenSession, tmp_path: Path
) -> None:
    held = b"".join(path.read_bytes() for path in tmp_path.glob("desk.db*"))
    assert opened.user.id.encode() in held
    for secret in (opened.token, opened.csrf):
        assert secret.encode() not in held
        assert secret not in repr(opened)


def test_a_session_that_is_used_lasts_to_its_fixed_end(
    sessions: Sessions, opened: OpenSession, clock: Clock
) -> None:
    for _ in range(7):
        clock.advance(500)
        assert sessions.find(opened.token)
    clock.advance(99)
    assert sessions.find(opened.token)
    clock.advance(1)
    assert sessions.find(opened.token) is None


def test_a_session_that_is_not_used_ends(
    sessions: Sessions, opened: OpenSession, clock: Clock, store: DeskStore
) -> None:
    clock.advance(599)
    assert sessions.find(opened.token)
    clock.advance(600)
    assert sessions.find(opened.token) is None
    clock.advance(-600)
    assert sessions.find(opened.token) is None, "an ended session came back"


def test_use_is_noted_now_and_then(
    sessions: Sessions, opened: OpenSession, clock: Clock, store: DeskStore
) -> None:
    from voiceagent.desk.sessions import token_hash

    def noted() -> float:
        found = store.session(token_hash(opened.token))
        assert found is not None
        return (found[0].last_seen_at - found[0].created_at).total_seconds()

    clock.advance(59)
    sessions.find(opened.token)
    assert noted() == 0
    clock.advance(1)
    sessions.find(opened.token)
    assert noted() == 60


def test_signing_out_ends_one_session(sessions: Sessions, opened: OpenSession) -> None:
    other = sessions.open(opened.user)
    sessions.end(opened.token)
    sessions.end(opened.token)
    assert sessions.find(opened.token) is None
    assert sessions.find(other.token)


def test_a_disabled_user_has_no_session_from_that_moment_on(
    sessions: Sessions, opened: OpenSession, store: DeskStore
) -> None:
    store.set_disabled(opened.user.id, True)
    assert sessions.find(opened.token) is None
    store.set_disabled(opened.user.id, False)
    assert sessions.find(opened.token) is None


def test_a_session_that_a_disabled_user_should_not_have_is_refused(
    sessions: Sessions, opened: OpenSession, store: DeskStore
) -> None:
    """Opened in the very moment in which the user was disabled."""
    store.set_disabled(opened.user.id, True)
    late = sessions.open(opened.user)
    assert sessions.find(late.token) is None


def test_old_sessions_are_cleared_away_when_one_opens(
    sessions: Sessions, opened: OpenSession, clock: Clock, tmp_path: Path
) -> None:
    clock.advance(3601)
    sessions.open(opened.user)
    clock.advance(-3601)
    assert sessions.find(opened.token) is None


def test_the_csrf_token_is_bound_to_its_session(sessions: Sessions, opened: OpenSession) -> None:
    other = sessions.open(opened.user)
    assert opened.csrf == csrf_token(opened.token) != other.csrf
    assert csrf_fits(opened, opened.csrf)
    for wrong in ("", "ä", "\ud800", opened.csrf[:-1], other.csrf, opened.token):
        assert not csrf_fits(opened, wrong)
    assert not csrf_fits(replace(opened, csrf=other.csrf), opened.csrf)
