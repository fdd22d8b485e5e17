"""``voiceagent desk-user``: who may sign in at the desk, and with which tokens machines may ask.

Passwords are typed without being shown, or read from standard input; they are never arguments,
which other users of the machine could see. A token is printed once and kept as a hash only.
"""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from voiceagent.domain.errors import InputError
from voiceagent.settings import load_settings

if TYPE_CHECKING:
    from voiceagent.desk.audit import Deed
    from voiceagent.store.desk_records import Role
    from voiceagent.store.desk_store import DeskStore

desk_user = typer.Typer(help="Who may sign in at the desk.", no_args_is_help=True)
token = typer.Typer(help="Tokens for machines that use the desk's API.", no_args_is_help=True)
desk_user.add_typer(token, name="token")

_Name = Annotated[str, typer.Argument(metavar="NAME", help="Sign-in name.")]
_Roles = Annotated[list[str], typer.Option("--role", help="agent, supervisor or admin; repeat.")]
_FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password's line from standard input.")
]


@desk_user.command("add")
def add_user(
    name: _Name,
    role: _Roles,
    display: Annotated[str, typer.Option(help="As colleagues read it; the sign-in name else.")] = (
        ""
    ),
    language: Annotated[list[str] | None, typer.Option(help="Spoken, e.g. en; repeat.")] = None,
    skill: Annotated[list[str] | None, typer.Option(help="Rung for, e.g. billing; repeat.")] = None,
    password_stdin: _FromStdin = False,
) -> None:
    """Let a person sign in."""
    from voiceagent.desk.audit import Deed
    from voiceagent.desk.passwords import Passwords
    from voiceagent.desk.sign_in import user_name
    from voiceagent.store.desk_records import DeskUser

    name = user_name(name)
    roles = _roles(role)
    with _desk() as store:
        hashed = Passwords().hash(_password(from_stdin=password_stdin))
        user = DeskUser(
            id=secrets.token_hex(8),
            name=name,
            display_name=display.strip() or name,
            roles=roles,
            languages=tuple(language or ()),
            skills=tuple(skill or ()),
            disabled=False,
            created_at=datetime.now(UTC),
        )
        store.add_user(user, hashed)
        _note(store, Deed.USER_ADDED, user.id, roles=list(roles))
    _say(f"{name} may sign in as {', '.join(roles)}.")


@desk_user.command("list")
def list_users() -> None:
    """Who there is, what they are, and whether they may sign in."""
    with _desk() as store:
        users = store.users()
    if not users:
        _say("There are no users yet. Add one: voiceagent desk-user add NAME --role agent")
        return
    table = Table("name", "display", "roles", "languages", "skills", "may sign in", box=None)
    for user in users:
        table.add_row(
            user.name,
            user.display_name,
            ", ".join(user.roles),
            ", ".join(user.languages),
            ", ".join(user.skills),
            "no" if user.disabled else "yes",
        )
    _console().print(table)


@desk_user.command("password")
def change_password(name: _Name, password_stdin: _FromStdin = False) -> None:
    """Give a person another password; their sessions end."""
    from voiceagent.desk.audit import Deed
    from voiceagent.desk.passwords import Passwords

    with _desk() as store:
        user = store.user_named(name.strip().casefold())
        store.set_password(user.id, Passwords().hash(_password(from_stdin=password_stdin)))
        _note(store, Deed.PASSWORD_CHANGED, user.id)
    _say(f"{user.name} has another password; they must sign in again.")


@desk_user.command("disable")
def disable_user(name: _Name) -> None:
    """Keep a person out, and end their sessions at once."""
    from voiceagent.desk.audit import Deed

    with _desk() as store:
        user = store.user_named(name.strip().casefold())
        store.set_disabled(user.id, True)
        _note(store, Deed.USER_DISABLED, user.id)
    _say(f"{user.name} may not sign in any more; their sessions have ended.")


@desk_user.command("enable")
def enable_user(name: _Name) -> None:
    """Let a person who was disabled sign in again."""
    from voiceagent.desk.audit import Deed

    with _desk() as store:
        user = store.user_named(name.strip().casefold())
        store.set_disabled(user.id, False)
        _note(store, Deed.USER_ENABLED, user.id)
    _say(f"{user.name} may sign in.")


@token.command("add")
def add_token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which machine, e.g. crm.")],
    role: _Roles,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is good for.")] = 90,
) -> None:
    """Make a token and print it, this once only; what is said about it goes to standard error."""
    from voiceagent.desk.audit import Deed
    from voiceagent.desk.sessions import new_token, token_hash
    from voiceagent.desk.sign_in import user_name
    from voiceagent.store.desk_records import ApiToken

    name = user_name(name)
    roles = _roles(role)
    text = f"va_{new_token()}"  # A prefix that scanners for leaked secrets can know.
    now = datetime.now(UTC)
    made = ApiToken(
        id=secrets.token_hex(4),
        token_hash=token_hash(text),
        name=name,
        roles=roles,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    with _desk() as store:
        store.add_token(made)
        _note(store, Deed.TOKEN_ADDED, made.id, name=name, roles=list(roles))
    _say(text)
    Console(stderr=True, highlight=False).print(
        f"Token {made.id} of {name} is good until {made.expires_at:%Y-%m-%d}. Keep it now: it "
        "cannot be shown again.",
        markup=False,
        soft_wrap=True,
    )


@token.command("list")
def list_tokens() -> None:
    """Which tokens there are and whether they count."""
    with _desk() as store:
        tokens = store.tokens()
    if not tokens:
        _say("There are no tokens yet. Add one: voiceagent desk-user token add NAME --role ROLE")
        return
    table = Table("id", "name", "roles", "made", "good until", "state", box=None)
    now = datetime.now(UTC)
    for each in tokens:
        state = "revoked" if each.revoked_at else "expired" if now >= each.expires_at else "good"
        table.add_row(
            each.id,
            each.name,
            ", ".join(each.roles),
            f"{each.created_at:%Y-%m-%d}",
            f"{each.expires_at:%Y-%m-%d}",
            state,
        )
    _console().print(table)


@token.command("revoke")
def revoke_token(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As 'token list' shows it.")],
) -> None:
    """End a token for good, at once."""
    from voiceagent.desk.audit import Deed

    with _desk() as store:
        store.revoke_token(token_id, datetime.now(UTC))
        _note(store, Deed.TOKEN_REVOKED, token_id)
    _say(f"Token {token_id} counts no more.")


@contextlib.contextmanager
def _desk() -> Iterator[DeskStore]:
    from voiceagent.store.desk_store import DeskStore
    from voiceagent.store.opening import open_store

    with open_store(load_settings().store_url) as store:
        yield DeskStore(store)


def _note(store: DeskStore, what: Deed, subject: str, **detail: object) -> None:
    from voiceagent.desk.audit import TERMINAL, Audit

    Audit(store, lambda: datetime.now(UTC)).write(TERMINAL, what, subject, **detail)


def _roles(names: list[str]) -> tuple[Role, ...]:
    from voiceagent.store.desk_records import Role

    unknown = [name for name in names if name not in set(Role)]
    if unknown:
        raise InputError(
            f"There is no role '{unknown[0]}'.", f"Use one or more of {', '.join(Role)}."
        )
    return tuple(dict.fromkeys(Role(name) for name in names))


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not _at_terminal():
        raise InputError(
            "There is no terminal to type a password at.", "Pipe it in, with --password-stdin."
        )
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt="Again")
    return typed


def _at_terminal() -> bool:
    return sys.stdin.isatty()


def _say(text: str) -> None:
    _console().print(text, markup=False, soft_wrap=True)


def _console() -> Console:
    # Made when it is needed: standard output may have been replaced since this was imported.
    return Console(highlight=False)
