"""``voiceagent desk-user`` as it is typed, on a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from voiceagent.cli import app
from voiceagent.desk.errors import PasswordError
from voiceagent.desk.passwords import Passwords
from voiceagent.desk.sessions import Sessions, token_hash
from voiceagent.domain.errors import InputError
from voiceagent.store import DeskStore, open_store
from voiceagent.store.desk_records import Role
from voiceagent.store.errors import DuplicateUserError, TokenNotFoundError, UserNotFoundError

pytestmark = pytest.mark.unit

PASSWORD = "four words and more"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs one command; ``typed`` is what it finds on standard input."""
    monkeypatch.setenv("VOICEAGENT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str, typed: str = f"{PASSWORD}\n") -> Result:
        return CliRunner().invoke(app, ["desk-user", *arguments], input=typed)

    return command


@pytest.fixture
def desk(run: Run, tmp_path: Path) -> Iterator[DeskStore]:
    with open_store(tmp_path / "voiceagent.db") as opened:
        yield DeskStore(opened)


def done(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    assert PASSWORD not in result.output
    return result.output


def deeds(desk: DeskStore) -> list[tuple[str, str, str]]:
    return [(each.who, each.what, each.subject) for each in reversed(desk.audit_events())]


def test_a_person_is_added_with_all_that_is_said(run: Run, desk: DeskStore) -> None:
    roles = ("--role", "agent", "--role", "supervisor", "--role", "agent")
    more = ("--display", "Dana Reyes", "--language", "en", "--language", "de", "--skill", "billing")
    assert "dana" in done(run("add", "Dana", *roles, *more, "--password-stdin"))
    found = desk.credentials("dana")
    assert found is not None
    user = found.user
    assert (user.display_name, user.disabled) == ("Dana Reyes", False)
    assert user.roles == (Role.AGENT, Role.SUPERVISOR)
    assert (user.languages, user.skills) == (("en", "de"), ("billing",))
    assert Passwords().fits(PASSWORD, found.password_hash)
    assert deeds(desk) == [("terminal", "user_added", user.id)]


def test_the_list_says_who_may_sign_in(run: Run, desk: DeskStore) -> None:
    assert "desk-user add" in done(run("list"))
    done(run("add", "dana", "--role", "agent", "--password-stdin"))
    done(run("add", "lee", "--role", "admin", "--password-stdin"))
    done(run("disable", "lee"))
    rows = [line.split() for line in done(run("list")).splitlines()]
    assert rows[1:] == [["dana", "dana", "agent", "yes"], ["lee", "lee", "admin", "no"]]


@pytest.mark.parametrize(
    ("arguments", "typed", "error"),
    [
        (("add", "dana", "--role", "agent"), f"{PASSWORD}\n", DuplicateUserError),
        (("add", "DANA", "--role", "agent"), f"{PASSWORD}\n", DuplicateUserError),
        (("add", "lee", "--role", "owner"), f"{PASSWORD}\n", InputError),
        (("add", "lee reyes", "--role", "agent"), f"{PASSWORD}\n", InputError),
        (("add", "lee", "--role", "agent"), "short\n", PasswordError),
        (("add", "lee", "--role", "agent"), "", PasswordError),
        (("password", "dana"), "short\n", PasswordError),
        (("password", "lee"), f"{PASSWORD}\n", UserNotFoundError),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changed(
    run: Run, desk: DeskStore, arguments: tuple[str, ...], typed: str, error: type[Exception]
) -> None:
    done(run("add", "dana", "--role", "agent", "--password-stdin"))
    before = desk.credentials("dana")
    result = run(*arguments, "--password-stdin", typed=typed)
    assert isinstance(result.exception, error)
    assert (desk.credentials("dana"), len(desk.users())) == (before, 1)
    assert len(deeds(desk)) == 1


def test_without_a_terminal_no_password_is_asked_for(run: Run, desk: DeskStore) -> None:
    result = run("add", "dana", "--role", "agent")
    assert isinstance(result.exception, InputError)
    assert "--password-stdin" in result.exception.remedy
    assert desk.users() == ()


def test_at_a_terminal_it_is_asked_for_twice_and_not_shown(
    run: Run, desk: DeskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voiceagent.terminal.desk_users._at_terminal", lambda: True)
    typed = f"{PASSWORD}\nanother password\n{PASSWORD}\n{PASSWORD}\n"
    shown = done(run("add", "dana", "--role", "agent", typed=typed))
    assert shown.count("Password:") == 2
    assert shown.count("Again:") == 2
    found = desk.credentials("dana")
    assert found is not None
    assert Passwords().fits(PASSWORD, found.password_hash)


@pytest.mark.parametrize("command", ["disable", "password"])
def test_what_shuts_a_person_out_ends_their_session(
    run: Run, desk: DeskStore, command: str
) -> None:
    done(run("add", "dana", "--role", "agent", "--password-stdin"))
    sessions = Sessions(desk, lambda: datetime.now(UTC))
    token = sessions.open(desk.user_named("dana")).token
    assert sessions.find(token)
    extra = ("--password-stdin",) if command == "password" else ()
    done(run(command, " Dana", *extra))
    assert sessions.find(token) is None
    done(run("enable", "dana"))
    assert not desk.user_named("dana").disabled
    expected = {"disable": "user_disabled", "password": "password_changed"}[command]
    assert [what for _who, what, _subject in deeds(desk)] == [
        "user_added",
        expected,
        "user_enabled",
    ]


@pytest.mark.parametrize("command", ["disable", "enable"])
def test_nobody_can_be_neither_disabled_nor_enabled(
    run: Run, desk: DeskStore, command: str
) -> None:
    assert isinstance(run(command, "nobody").exception, UserNotFoundError)


def test_a_token_is_printed_once_alone_and_kept_as_a_hash(
    run: Run, desk: DeskStore, tmp_path: Path
) -> None:
    result = run("token", "add", "crm", "--role", "supervisor", "--days", "30")
    done(result)
    (text,) = result.stdout.splitlines()
    assert text.startswith("va_")
    assert text not in result.stderr
    (made,) = desk.tokens()
    assert made.id in result.stderr
    assert (made.name, made.roles, made.token_hash) == ("crm", (Role.SUPERVISOR,), token_hash(text))
    assert made.expires_at - made.created_at == timedelta(days=30)
    assert deeds(desk) == [("terminal", "token_added", made.id)]
    held = b"".join(path.read_bytes() for path in tmp_path.glob("voiceagent.db*"))
    assert made.id.encode() in held
    assert text.encode() not in held


def test_tokens_are_listed_and_revoked(run: Run, desk: DeskStore) -> None:
    assert "token add" in done(run("token", "list"))
    done(run("token", "add", "crm", "--role", "admin"))
    (made,) = desk.tokens()
    assert made.expires_at - made.created_at == timedelta(days=90)
    listed = done(run("token", "list")).splitlines()[1].split()
    assert (listed[0], listed[1], listed[-1]) == (made.id, "crm", "good")
    done(run("token", "revoke", made.id))
    assert done(run("token", "list")).splitlines()[1].split()[-1] == "revoked"
    for unknown in (made.id, "nothing"):
        assert isinstance(run("token", "revoke", unknown).exception, TokenNotFoundError)


@pytest.mark.parametrize("days", ["0", "4000"])
def test_a_token_lasts_neither_no_time_nor_forever(run: Run, desk: DeskStore, days: str) -> None:
    assert run("token", "add", "crm", "--role", "admin", "--days", days).exit_code == 2
    assert desk.tokens() == ()
