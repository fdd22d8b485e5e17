"""The desk's part of the store: people, sessions, tokens, the audit, and notes of calls.

As with ``Store``: plain values in and out, every method blocks, what is returned has been
committed, any thread and any process may use it. It decides nothing: whether a session has
expired or a role may do something is said in ``voiceagent.desk``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from voiceagent.domain.events import VerdictGiven
from voiceagent.store import desk_queries as queries
from voiceagent.store.codec import kind_of
from voiceagent.store.desk_records import (
    ApiToken,
    AuditEvent,
    CallNote,
    Credentials,
    DeskSession,
    DeskUser,
    Disposition,
    Role,
    VerdictMark,
    WrapUp,
)
from voiceagent.store.errors import (
    CallNotFoundError,
    DuplicateUserError,
    TokenNotFoundError,
    UserNotFoundError,
    VerdictNotFoundError,
)
from voiceagent.store.store import Store
from voiceagent.store.tables import utc

_VERDICT = kind_of(VerdictGiven)
_ROLES = {role.value for role in Role}


class DeskStore:
    """The desk's tables of an open ``Store``, which stays its owner's to close.

    Every method may raise ``StoreError``: nothing was written, or nothing could be read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._dialect = store.engine.dialect.name

    # People

    def add_user(self, user: DeskUser, password_hash: str) -> None:
        """Enter a person.

        Raises:
            DuplicateUserError: the name is taken, also if by somebody who is disabled.
        """
        with self._store.writing() as connection:
            try:
                connection.execute(queries.add_user(user, password_hash))
            except IntegrityError as error:
                raise DuplicateUserError(
                    f"There is a user '{user.name}' already.", "Choose another name."
                ) from error

    def user(self, user_id: str) -> DeskUser | None:
        """One person by identifier, or None."""
        found = self._store.read(queries.user_with_id(user_id))
        return _user_of(found[0]) if found else None

    def user_named(self, name: str) -> DeskUser:
        """One person by sign-in name.

        Raises:
            UserNotFoundError: nobody has this name.
        """
        found = self.credentials(name)
        if found is None:
            raise UserNotFoundError(
                f"There is no user '{name}'.", "List them: voiceagent desk-user list"
            )
        return found.user

    def credentials(self, name: str) -> Credentials | None:
        """One person with their password's hash, by sign-in name; None if nobody has it."""
        found = self._store.read(queries.user_with_name(name))
        return Credentials(_user_of(found[0]), found[0]["password_hash"]) if found else None

    def users(self) -> tuple[DeskUser, ...]:
        """Everybody, disabled or not, by name."""
        return tuple(_user_of(row) for row in self._store.read(queries.all_users()))

    def set_password(self, user_id: str, password_hash: str) -> None:
        """Give a person another password and end all their sessions, in one transaction."""
        with self._store.writing() as connection:
            connection.execute(queries.set_password_hash(user_id, password_hash))
            connection.execute(queries.drop_sessions_of(user_id))

    def renew_hash(self, user_id: str, old_hash: str, new_hash: str) -> None:
        """Keep the same password under another hash; nothing if it was changed meanwhile."""
        with self._store.writing() as connection:
            connection.execute(queries.replace_password_hash(user_id, old_hash, new_hash))

    def set_disabled(self, user_id: str, disabled: bool) -> None:
        """Keep a person out and end all their sessions in one transaction, or let them in again."""
        with self._store.writing() as connection:
            connection.execute(queries.set_disabled(user_id, disabled))
            if disabled:
                connection.execute(queries.drop_sessions_of(user_id))

    # Sessions of browsers

    def add_session(self, session: DeskSession) -> None:
        """Enter a session."""
        with self._store.writing() as connection:
            connection.execute(queries.add_session(session))

    def session(self, token_hash: str) -> tuple[DeskSession, DeskUser] | None:
        """A session and whose it is as they are now, or None."""
        found = self._store.read(queries.session_with_user(token_hash))
        if not found:
            return None
        row = found[0]
        session = DeskSession(
            row["token_hash"], row["id"], row["opened_at"], row["last_seen_at"], row["expires_at"]
        )
        return session, _user_of(row)

    def touch_session(self, token_hash: str, at: datetime) -> None:
        """Note that a session was used at ``at`` (aware); never turned back."""
        with self._store.writing() as connection:
            connection.execute(queries.touch_session(token_hash, utc(at)))

    def drop_session(self, token_hash: str) -> None:
        """End one session; harmless if there is none."""
        with self._store.writing() as connection:
            connection.execute(queries.drop_session(token_hash))

    def drop_old_sessions(self, now: datetime, idle_since: datetime) -> int:
        """Clear away what has expired by ``now`` or idled since before ``idle_since``: how many."""
        with self._store.writing() as connection:
            done = connection.execute(queries.drop_old_sessions(utc(now), utc(idle_since)))
            return int(done.rowcount)

    # Tokens of machines

    def add_token(self, token: ApiToken) -> None:
        """Enter a token."""
        with self._store.writing() as connection:
            connection.execute(queries.add_token(token))

    def token(self, token_hash: str) -> ApiToken | None:
        """A token by its hash, also one that has expired or was revoked; None if there is none."""
        found = self._store.read(queries.token_with_hash(token_hash))
        return _token_of(found[0]) if found else None

    def tokens(self) -> tuple[ApiToken, ...]:
        """Every token there ever was, the newest first."""
        return tuple(_token_of(row) for row in self._store.read(queries.all_tokens()))

    def revoke_token(self, token_id: str, at: datetime) -> None:
        """End a token for good.

        Raises:
            TokenNotFoundError: there is none with this identifier, or it was revoked before.
        """
        with self._store.writing() as connection:
            if connection.execute(queries.revoke_token(token_id, utc(at))).rowcount != 1:
                raise TokenNotFoundError(
                    f"There is no token '{token_id}' to revoke.",
                    "List them: voiceagent desk-user token list",
                )

    # Keys and the audit

    def secret(self, name: str, candidate: bytes) -> bytes:
        """The key of this name; ``candidate`` becomes it if there is none yet.

        Whoever asks, in whichever process, gets the same key.
        """
        with self._store.writing() as connection:
            connection.execute(queries.add_secret(name, candidate, self._dialect))
            return bytes(connection.execute(queries.secret_with_name(name)).scalar_one())

    def append_audit(self, event: AuditEvent) -> None:
        """Write down what somebody did; nothing can change or delete it afterwards."""
        with self._store.writing() as connection:
            connection.execute(queries.append_audit(event))

    def audit_events(
        self, limit: int = 100, before_id: int | None = None
    ) -> tuple[AuditEvent, ...]:
        """What was done, the newest first, from before ``before_id`` on."""
        rows = self._store.read(queries.audit_before(before_id, limit))
        return tuple(AuditEvent(**row) for row in rows)

    # What people note of calls

    def mark_verdict(self, mark: VerdictMark) -> None:
        """Keep what a person thinks of a verdict; their earlier mark on it goes.

        Raises:
            VerdictNotFoundError: ``seq`` is no verdict of this call.
        """
        with self._store.writing() as connection:
            kind = connection.execute(queries.kind_of_event(mark.call_id, mark.seq)).scalar()
            if kind != _VERDICT:
                raise VerdictNotFoundError(
                    f"There is no verdict number {mark.seq} in the call '{mark.call_id}'.",
                    "Take the number of a verdict_given event of this call's log.",
                )
            connection.execute(queries.put_mark(mark, self._dialect))

    def unmark_verdict(self, call_id: str, seq: int, user_id: str) -> None:
        """Take a person's mark back; harmless if there is none."""
        with self._store.writing() as connection:
            connection.execute(queries.drop_mark(call_id, seq, user_id))

    def verdict_marks(self, call_id: str) -> tuple[VerdictMark, ...]:
        """All marks on the verdicts of a call, in the log's order."""
        return tuple(
            VerdictMark(
                row["call_id"],
                row["seq"],
                row["is_right"],
                row["note"],
                row["user_id"],
                row["at"],
                row["by_name"],
            )
            for row in self._store.read(queries.marks_of(call_id))
        )

    def save_wrap_up(self, wrap_up: WrapUp) -> None:
        """Keep what a call came to; this person's earlier wrap-up of it goes.

        Raises:
            CallNotFoundError: there is no such call.
        """
        statement = queries.put_wrap_up(wrap_up, self._dialect)
        self._write_about(wrap_up.call_id, statement)

    def wrap_ups(self, call_id: str) -> tuple[WrapUp, ...]:
        """The wrap-ups of all humans who held the call, the latest last."""
        return tuple(
            WrapUp(
                row["call_id"],
                Disposition(row["disposition"]),
                row["note"],
                row["user_id"],
                row["at"],
                row["callback_due_at"],
                row["by_name"],
            )
            for row in self._store.read(queries.wrap_ups_of(call_id))
        )

    def save_note(self, note: CallNote) -> None:
        """Keep a note of a call; this person's earlier text goes.

        Raises:
            CallNotFoundError: there is no such call.
        """
        self._write_about(note.call_id, queries.put_note(note, self._dialect))

    def notes(self, call_id: str) -> tuple[CallNote, ...]:
        """Everybody's notes of a call, the latest last."""
        return tuple(
            CallNote(row["call_id"], row["user_id"], row["text"], row["updated_at"], row["by_name"])
            for row in self._store.read(queries.notes_of(call_id))
        )

    def _write_about(self, call_id: str, statement: Any) -> None:
        with self._store.writing() as connection:
            try:
                connection.execute(statement)
            except IntegrityError as error:
                raise CallNotFoundError(
                    f"There is no call '{call_id}' in this store.",
                    "List the calls to see which exist.",
                ) from error


def _roles(values: list[str]) -> tuple[Role, ...]:
    # A role of a newer version grants nothing here.
    return tuple(Role(value) for value in values if value in _ROLES)


def _user_of(row: Mapping[Any, Any]) -> DeskUser:
    return DeskUser(
        id=row["id"],
        name=row["name"],
        display_name=row["display_name"],
        roles=_roles(row["roles"]),
        languages=tuple(row["languages"]),
        skills=tuple(row["skills"]),
        disabled=row["disabled"],
        created_at=row["created_at"],
    )


def _token_of(row: Mapping[Any, Any]) -> ApiToken:
    return ApiToken(
        id=row["id"],
        token_hash=row["token_hash"],
        name=row["name"],
        roles=_roles(row["roles"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )
