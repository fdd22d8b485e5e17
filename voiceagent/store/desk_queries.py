"""Every statement of the desk's tables, each with a name and what it is for.

Builders only, as in ``queries.py``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Executable,
    Insert,
    Select,
    Table,
    Update,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from voiceagent.store.desk_records import (
    ApiToken,
    AuditEvent,
    CallNote,
    DeskSession,
    DeskUser,
    VerdictMark,
    WrapUp,
)
from voiceagent.store.desk_tables import (
    api_token,
    audit_event,
    call_note,
    call_wrap_up,
    desk_secret,
    desk_session,
    desk_user,
    verdict_mark,
)
from voiceagent.store.dialects import insert_once, upsert
from voiceagent.store.tables import call_event


def add_user(user: DeskUser, password_hash: str) -> Insert:
    """Enter a person; identifier and name must be new."""
    return insert(desk_user).values(
        id=user.id,
        name=user.name,
        display_name=user.display_name,
        roles=list(user.roles),
        languages=list(user.languages),
        skills=list(user.skills),
        password_hash=password_hash,
        disabled=user.disabled,
        created_at=user.created_at,
    )


def user_with_id(user_id: str) -> Select[Any]:
    """One person by identifier."""
    return select(desk_user).where(desk_user.c.id == user_id)


def user_with_name(name: str) -> Select[Any]:
    """One person by sign-in name."""
    return select(desk_user).where(desk_user.c.name == name)


def all_users() -> Select[Any]:
    """Everybody, by name."""
    return select(desk_user).order_by(desk_user.c.name)


def set_password_hash(user_id: str, password_hash: str) -> Update:
    """Another password for a person."""
    return update(desk_user).where(desk_user.c.id == user_id).values(password_hash=password_hash)


def replace_password_hash(user_id: str, old_hash: str, new_hash: str) -> Update:
    """The same password hashed anew, unless it was changed meanwhile."""
    return set_password_hash(user_id, new_hash).where(desk_user.c.password_hash == old_hash)


def set_disabled(user_id: str, disabled: bool) -> Update:
    """Keep a person out, or let them in again."""
    return update(desk_user).where(desk_user.c.id == user_id).values(disabled=disabled)


def add_session(session: DeskSession) -> Insert:
    """Enter a session."""
    return insert(desk_session).values(
        token_hash=session.token_hash,
        user_id=session.user_id,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        expires_at=session.expires_at,
    )


def session_with_user(token_hash: str) -> Select[Any]:
    """A session and whose it is, in one row; when it began is ``opened_at``."""
    return (
        select(
            desk_user,
            desk_session.c.token_hash,
            desk_session.c.created_at.label("opened_at"),
            desk_session.c.last_seen_at,
            desk_session.c.expires_at,
        )
        .join_from(desk_session, desk_user, desk_session.c.user_id == desk_user.c.id)
        .where(desk_session.c.token_hash == token_hash)
    )


def touch_session(token_hash: str, at: datetime) -> Update:
    """Note that a session is in use."""
    return (
        update(desk_session)
        .where(desk_session.c.token_hash == token_hash, desk_session.c.last_seen_at < at)
        .values(last_seen_at=at)
    )


def drop_session(token_hash: str) -> Delete:
    """End one session."""
    return delete(desk_session).where(desk_session.c.token_hash == token_hash)


def drop_sessions_of(user_id: str) -> Delete:
    """End every session of a person."""
    return delete(desk_session).where(desk_session.c.user_id == user_id)


def drop_old_sessions(now: datetime, idle_since: datetime) -> Delete:
    """Clear away sessions that have expired or were last used before ``idle_since``."""
    return delete(desk_session).where(
        or_(desk_session.c.expires_at <= now, desk_session.c.last_seen_at <= idle_since)
    )


def add_token(token: ApiToken) -> Insert:
    """Enter a machine's token."""
    return insert(api_token).values(
        id=token.id,
        token_hash=token.token_hash,
        name=token.name,
        roles=list(token.roles),
        created_at=token.created_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
    )


def token_with_hash(token_hash: str) -> Select[Any]:
    """One token by its hash, whether or not it still counts."""
    return select(api_token).where(api_token.c.token_hash == token_hash)


def all_tokens() -> Select[Any]:
    """Every token there ever was, the newest first."""
    return select(api_token).order_by(api_token.c.created_at.desc(), api_token.c.id)


def revoke_token(token_id: str, at: datetime) -> Update:
    """End a token for good; the first time counts."""
    return (
        update(api_token)
        .where(api_token.c.id == token_id, api_token.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def append_audit(event: AuditEvent) -> Insert:
    """Write down what somebody did."""
    return insert(audit_event).values(
        at=event.at,
        who=event.who,
        what=event.what,
        subject=event.subject,
        detail=dict(event.detail),
    )


def audit_before(before_id: int | None, limit: int) -> Select[Any]:
    """What was done, the newest first, from before ``before_id`` on."""
    found = select(audit_event).order_by(audit_event.c.id.desc()).limit(limit)
    return found if before_id is None else found.where(audit_event.c.id < before_id)


def add_secret(name: str, value: bytes, dialect: str) -> Executable:
    """Enter a key; one that is there already stays."""
    return insert_once(desk_secret, dialect, {"name": name, "value": value})


def secret_with_name(name: str) -> Select[Any]:
    """One key."""
    return select(desk_secret.c.value).where(desk_secret.c.name == name)


def kind_of_event(call_id: str, seq: int) -> Select[Any]:
    """What kind of event has this number in the log of a call."""
    return select(call_event.c.kind).where(call_event.c.call_id == call_id, call_event.c.seq == seq)


def put_mark(mark: VerdictMark, dialect: str) -> Executable:
    """A person's mark on a verdict, in the place of their earlier one."""
    values = {
        "call_id": mark.call_id,
        "seq": mark.seq,
        "user_id": mark.by,
        "is_right": mark.right,
        "note": mark.note,
        "at": mark.at,
    }
    return upsert(verdict_mark, dialect, values)


def drop_mark(call_id: str, seq: int, user_id: str) -> Delete:
    """Take a person's mark back."""
    return delete(verdict_mark).where(
        verdict_mark.c.call_id == call_id,
        verdict_mark.c.seq == seq,
        verdict_mark.c.user_id == user_id,
    )


def marks_of(call_id: str) -> Select[Any]:
    """All marks on the verdicts of a call, in the log's order."""
    return (
        _with_name(verdict_mark)
        .where(verdict_mark.c.call_id == call_id)
        .order_by(verdict_mark.c.seq, verdict_mark.c.at, verdict_mark.c.user_id)
    )


def put_wrap_up(wrap_up: WrapUp, dialect: str) -> Executable:
    """A person's wrap-up of a call, in the place of their earlier one."""
    values = {
        "call_id": wrap_up.call_id,
        "user_id": wrap_up.by,
        "disposition": wrap_up.disposition.value,
        "note": wrap_up.note,
        "at": wrap_up.at,
        "callback_due_at": wrap_up.callback_due_at,
    }
    return upsert(call_wrap_up, dialect, values)


def wrap_ups_of(call_id: str) -> Select[Any]:
    """All wrap-ups of a call, the latest last."""
    return (
        _with_name(call_wrap_up)
        .where(call_wrap_up.c.call_id == call_id)
        .order_by(call_wrap_up.c.at, call_wrap_up.c.user_id)
    )


def put_note(note: CallNote, dialect: str) -> Executable:
    """A person's note of a call, in the place of its earlier text."""
    values = {
        "call_id": note.call_id,
        "user_id": note.by,
        "text": note.text,
        "updated_at": note.updated_at,
    }
    return upsert(call_note, dialect, values)


def notes_of(call_id: str) -> Select[Any]:
    """All notes of a call, the latest last."""
    return (
        _with_name(call_note)
        .where(call_note.c.call_id == call_id)
        .order_by(call_note.c.updated_at, call_note.c.user_id)
    )


def _with_name(table: Table) -> Select[Any]:
    # No foreign key to people: a machine may write too, and is then shown by its identifier.
    shown: ColumnElement[str] = func.coalesce(desk_user.c.display_name, table.c.user_id)
    return select(table, shown.label("by_name")).outerjoin_from(
        table, desk_user, desk_user.c.id == table.c.user_id
    )
