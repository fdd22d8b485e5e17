"""People, sessions, tokens, the audit and notes of calls in a real database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from voiceagent.domain.errors import StoreError
from voiceagent.domain.events import KeyPressed, VerdictGiven
from voiceagent.domain.verdict import Action, Verdict
from voiceagent.store import CallNotFoundError, DeskStore, LogEntry, NewCall, Store, open_store
from voiceagent.store.desk_records import (
    ApiToken,
    AuditEvent,
    CallNote,
    DeskSession,
    DeskUser,
    Disposition,
    Role,
    VerdictMark,
    WrapUp,
)
from voiceagent.store.errors import (
    DuplicateUserError,
    TokenNotFoundError,
    UserNotFoundError,
    VerdictNotFoundError,
)

pytestmark = pytest.mark.unit

MINUTE = timedelta(minutes=1)


@pytest.fixture
def desk(store: Store) -> DeskStore:
    return DeskStore(store)


@pytest.fixture
def dana(now: datetime) -> DeskUser:
    roles = (Role.AGENT, Role.SUPERVISOR)
    return DeskUser("u-1", "dana", "Dana Reyes", roles, ("en", "de"), ("billing",), False, now)


@pytest.fixture
def judged(store: Store, new_call: Callable[[str], NewCall], entry: Callable[..., LogEntry]) -> str:
    """A call whose second event is a verdict."""
    store.begin_call(new_call("c-1"))
    given = VerdictGiven(at_ms=900, verdict=Verdict(1, Action.CONTINUE))
    store.append_events([entry("c-1", 1, KeyPressed(at_ms=1, key="1")), entry("c-1", 2, given)])
    return "c-1"


def session_of(user: DeskUser, token_hash: str, at: datetime) -> DeskSession:
    return DeskSession(token_hash, user.id, at, at, at + 60 * MINUTE)


def test_a_person_reads_back_without_the_hash_in_any_text(desk: DeskStore, dana: DeskUser) -> None:
    desk.add_user(dana, "the hash")
    found = desk.credentials("dana")
    assert found is not None
    assert (found.user, found.password_hash) == (dana, "the hash")
    assert "the hash" not in repr(found)
    assert desk.user("u-1") == desk.user_named("dana") == dana
    assert desk.users() == (dana,)


def test_a_name_is_given_once(desk: DeskStore, dana: DeskUser) -> None:
    desk.add_user(dana, "first")
    with pytest.raises(DuplicateUserError, match="dana"):
        desk.add_user(replace(dana, id="u-2"), "second")
    found = desk.credentials("dana")
    assert found is not None
    assert found.password_hash == "first"


def test_nobody_is_nobody(desk: DeskStore) -> None:
    assert desk.user("u-1") is None
    assert desk.credentials("dana") is None
    with pytest.raises(UserNotFoundError, match="dana"):
        desk.user_named("dana")


def test_a_role_this_version_does_not_know_grants_nothing(
    store: Store, desk: DeskStore, dana: DeskUser
) -> None:
    desk.add_user(dana, "hash")
    with store.engine.begin() as connection:
        connection.execute(text("""UPDATE desk_user SET roles = '["owner","agent"]'"""))
    assert desk.user_named("dana").roles == (Role.AGENT,)


def test_a_session_reads_back_with_its_person(
    desk: DeskStore, dana: DeskUser, now: datetime
) -> None:
    desk.add_user(dana, "hash")
    session = session_of(dana, "aa", now)
    desk.add_session(session)
    assert desk.session("aa") == (session, dana)
    assert desk.session("bb") is None
    desk.touch_session("aa", now + MINUTE)
    desk.touch_session("aa", now)
    found = desk.session("aa")
    assert found is not None
    assert found[0] == replace(session, last_seen_at=now + MINUTE)
    desk.drop_session("aa")
    desk.drop_session("aa")
    assert desk.session("aa") is None


@pytest.mark.parametrize("deed", ["disabled", "password"])
def test_what_shuts_a_person_out_ends_their_sessions(
    desk: DeskStore, dana: DeskUser, now: datetime, deed: str
) -> None:
    other = replace(dana, id="u-2", name="lee")
    for user, token_hash in ((dana, "aa"), (other, "bb")):
        desk.add_user(user, "hash")
        desk.add_session(session_of(user, token_hash, now))
    if deed == "disabled":
        desk.set_disabled("u-1", True)
        assert desk.user_named("dana").disabled
        desk.set_disabled("u-1", False)
        assert not desk.user_named("dana").disabled
    else:
        desk.set_password("u-1", "another")
        found = desk.credentials("dana")
        assert found is not None
        assert found.password_hash == "another"
    assert desk.session("aa") is None
    assert desk.session("bb") is not None


def test_a_hash_is_renewed_only_if_it_is_still_the_same(desk: DeskStore, dana: DeskUser) -> None:
    desk.add_user(dana, "old")
    desk.renew_hash("u-1", "older", "wrong")
    desk.renew_hash("u-1", "old", "new")
    found = desk.credentials("dana")
    assert found is not None
    assert found.password_hash == "new"


def test_old_sessions_are_cleared_away(desk: DeskStore, dana: DeskUser, now: datetime) -> None:
    desk.add_user(dana, "hash")
    desk.add_session(session_of(dana, "expired", now - 60 * MINUTE))
    desk.add_session(session_of(dana, "idle", now - 31 * MINUTE))
    desk.add_session(session_of(dana, "in use", now - 29 * MINUTE))
    assert desk.drop_old_sessions(now, now - 30 * MINUTE) == 2
    assert desk.session("in use") is not None


def test_a_token_reads_back_and_is_revoked_once(desk: DeskStore, now: datetime) -> None:
    token = ApiToken("t-1", "cc", "crm", (Role.SUPERVISOR,), now, now + 60 * MINUTE)
    desk.add_token(token)
    assert desk.token("cc") == token
    assert "cc" not in repr(token)
    assert desk.token("dd") is None
    desk.revoke_token("t-1", now + MINUTE)
    assert desk.tokens() == (replace(token, revoked_at=now + MINUTE),)
    for unknown in ("t-1", "t-2"):
        with pytest.raises(TokenNotFoundError, match=unknown):
            desk.revoke_token(unknown, now)


def test_a_key_is_made_once_for_all_processes(database: Path, desk: DeskStore) -> None:
    assert desk.secret("media", b"\0first\xff") == b"\0first\xff"
    with open_store(database) as again:
        assert DeskStore(again).secret("media", b"second") == b"\0first\xff"
    assert desk.secret("other", b"third") == b"third"


def test_the_audit_reads_back_newest_first_and_in_parts(desk: DeskStore, now: datetime) -> None:
    for number in range(1, 5):
        desk.append_audit(AuditEvent(now, "u-1", "recording_heard", f"c-{number}", {"ms": 5}))
    newest, next_newest = desk.audit_events(limit=2)
    assert newest == AuditEvent(now, "u-1", "recording_heard", "c-4", {"ms": 5}, newest.id)
    older = desk.audit_events(before_id=next_newest.id)
    assert [each.subject for each in older] == ["c-2", "c-1"]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_event SET who = ''", "DELETE FROM audit_event"]
)
def test_the_audit_cannot_be_changed(
    store: Store, desk: DeskStore, now: datetime, statement: str
) -> None:
    desk.append_audit(AuditEvent(now, "u-1", "recording_heard", "c-1", {}))
    with pytest.raises(Exception, match="append-only"), store.engine.begin() as connection:
        connection.execute(text(statement))
    assert [each.who for each in desk.audit_events()] == ["u-1"]


def test_the_last_mark_of_each_person_counts(
    desk: DeskStore, dana: DeskUser, judged: str, now: datetime
) -> None:
    desk.add_user(dana, "hash")
    machine = VerdictMark(judged, 2, True, "", "token:t-1", now)
    desk.mark_verdict(VerdictMark(judged, 2, True, "first", "u-1", now))
    desk.mark_verdict(machine)
    desk.mark_verdict(VerdictMark(judged, 2, False, "too early", "u-1", now + MINUTE))
    assert desk.verdict_marks(judged) == (
        replace(machine, by_name="token:t-1"),
        VerdictMark(judged, 2, False, "too early", "u-1", now + MINUTE, "Dana Reyes"),
    )
    desk.unmark_verdict(judged, 2, "u-1")
    desk.unmark_verdict(judged, 2, "u-1")
    assert [mark.by for mark in desk.verdict_marks(judged)] == ["token:t-1"]


@pytest.mark.parametrize(("call_id", "seq"), [("c-1", 1), ("c-1", 3), ("nobody", 2)])
def test_only_verdicts_are_marked(
    desk: DeskStore, judged: str, now: datetime, call_id: str, seq: int
) -> None:
    with pytest.raises(VerdictNotFoundError):
        desk.mark_verdict(VerdictMark(call_id, seq, True, "", "u-1", now))
    assert desk.verdict_marks(call_id) == ()


def test_wrap_ups_are_kept_by_person_the_latest_last(
    desk: DeskStore, dana: DeskUser, judged: str, now: datetime
) -> None:
    desk.add_user(dana, "hash")
    due = now + 60 * MINUTE
    desk.save_wrap_up(WrapUp(judged, Disposition.OTHER, "", "u-1", now))
    desk.save_wrap_up(WrapUp(judged, Disposition.RESOLVED, "", "u-2", now + MINUTE))
    desk.save_wrap_up(WrapUp(judged, Disposition.FOLLOW_UP, "credit", "u-1", now + 2 * MINUTE, due))
    assert desk.wrap_ups(judged) == (
        WrapUp(judged, Disposition.RESOLVED, "", "u-2", now + MINUTE, None, "u-2"),
        WrapUp(judged, Disposition.FOLLOW_UP, "credit", "u-1", now + 2 * MINUTE, due, "Dana Reyes"),
    )


def test_a_note_is_replaced_while_it_is_typed(desk: DeskStore, judged: str, now: datetime) -> None:
    desk.save_note(CallNote(judged, "u-1", "She w", now))
    desk.save_note(CallNote(judged, "u-1", "She was charged twice.", now + MINUTE))
    assert desk.notes(judged) == (
        CallNote(judged, "u-1", "She was charged twice.", now + MINUTE, "u-1"),
    )


def test_nothing_is_noted_of_a_call_that_is_not_there(desk: DeskStore, now: datetime) -> None:
    with pytest.raises(CallNotFoundError, match="nobody"):
        desk.save_note(CallNote("nobody", "u-1", "text", now))
    with pytest.raises(CallNotFoundError, match="nobody"):
        desk.save_wrap_up(WrapUp("nobody", Disposition.OTHER, "", "u-1", now))
    assert desk.notes("nobody") == ()
    assert desk.wrap_ups("nobody") == ()


def test_a_closed_store_says_so(store: Store, desk: DeskStore) -> None:
    store.close()
    with pytest.raises(StoreError, match="closed"):
        desk.users()
