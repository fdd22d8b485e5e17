"""Who may ask for what: cookies with their CSRF token, bearer tokens, permissions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi import Request

from tests.unit.desk.scene import HERE, UNSAFE, Clock, Desk
from voiceagent.desk.permissions import Permission, permissions_of
from voiceagent.desk.security import Principal
from voiceagent.store.desk_records import Role

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("method", UNSAFE)
async def test_a_page_of_the_desk_may_change_things(desk: Desk, method: str) -> None:
    desk.add_user()
    async with desk.browser() as browser:
        await browser.sign_in()
        answer = await browser.request(method, "/api/test/change")
        assert answer.status_code == 200
        for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": HERE}):
            answer = await browser.request(method, "/api/test/change", headers=headers)
            assert answer.status_code == 200


@pytest.mark.parametrize("method", UNSAFE)
@pytest.mark.parametrize("token", ["", "wrong", "another session's"])
async def test_without_its_csrf_token_nothing_is_changed(
    desk: Desk, method: str, token: str
) -> None:
    desk.add_user()
    desk.add_user("lee")
    async with desk.browser() as browser, desk.browser() as other:
        await browser.sign_in()
        await other.sign_in("lee")
        if token == "another session's":
            token = other.headers["X-CSRF-Token"]
        del browser.headers["X-CSRF-Token"]
        headers = {"X-CSRF-Token": token} if token else {}
        answer = await browser.request(method, "/api/test/change", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_request")
        assert (await browser.get("/api/test/me")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": HERE},
        {"Origin": "http://evil.test"},
        {"Origin": f"{HERE}.evil.test"},
        {"Origin": f"{HERE}:8080"},
        {"Origin": "null"},
        {"Origin": "http://[bad"},
    ],
)
async def test_another_site_changes_nothing_even_with_the_token(
    desk: Desk, headers: dict[str, str]
) -> None:
    desk.add_user()
    async with desk.browser() as browser:
        await browser.sign_in()
        answer = await browser.post("/api/test/change", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_request")


async def test_a_cookie_alone_is_enough_to_read(desk: Desk) -> None:
    desk.add_user()
    async with desk.browser() as browser:
        await browser.sign_in()
        del browser.headers["X-CSRF-Token"]
        assert (await browser.get("/api/test/me")).json() == "u-dana"


@pytest.mark.parametrize(
    ("roles", "status"),
    [
        ([], 403),
        ([Role.AGENT], 403),
        ([Role.SUPERVISOR], 200),
        ([Role.AGENT, Role.SUPERVISOR], 200),
        ([Role.ADMIN], 200),
    ],
)
async def test_a_permission_is_required(desk: Desk, roles: list[Role], status: int) -> None:
    desk.add_user("dana", roles)
    async with desk.browser() as browser:
        assert (await browser.get("/api/test/board")).status_code == 401
        await browser.sign_in()
        answer = await browser.get("/api/test/board")
        assert answer.status_code == status
        if status == 403:
            assert answer.json()["code"] == "not_allowed"


async def test_a_machine_needs_its_token_and_nothing_else(desk: Desk) -> None:
    desk.add_token("the token")
    async with desk.browser() as machine:
        machine.headers["Authorization"] = "bearer the token"
        assert (await machine.get("/api/test/me")).json() == "token:t-1"
        assert (await machine.get("/api/test/board")).status_code == 200
        answer = await machine.post("/api/test/change", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 200
        session = (await machine.get("/api/session")).json()
        assert session["csrf"] == ""
        assert session["user"]["name"] == "crm"
        assert (await machine.delete("/api/session")).status_code == 204
        assert (await machine.get("/api/test/me")).status_code == 200


async def test_a_machines_roles_count(desk: Desk) -> None:
    desk.add_token("the token", [Role.AGENT])
    async with desk.browser() as machine:
        machine.headers["Authorization"] = "Bearer the token"
        assert (await machine.get("/api/test/board")).status_code == 403


@pytest.mark.parametrize("what", ["unknown", "empty", "revoked", "expired"])
async def test_a_token_that_counts_for_nothing(desk: Desk, clock: Clock, what: str) -> None:
    desk.add_user()
    made = desk.add_token("the token")
    async with desk.browser() as browser:
        await browser.sign_in()
        headers = {"Authorization": "Bearer the token"}
        assert (await browser.get("/api/test/me", headers=headers)).status_code == 200
        if what == "unknown":
            headers = {"Authorization": "Bearer another"}
        elif what == "empty":
            headers = {"Authorization": "Bearer"}
        elif what == "revoked":
            desk.store.revoke_token(made.id, clock())
        else:
            clock.now = made.expires_at
        # Nor does the cookie help that is sent beside it.
        answer = await browser.get("/api/test/me", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "wrong_token")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def principal(desk: Desk, headers: dict[str, str]) -> Principal:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "scheme": "http", "path": "/", "headers": raw}
    found = await desk.security.principal(Request({**scope, "server": ("desk.test", 80)}))
    assert found is not None
    return found


async def test_a_stream_can_ask_whether_its_reader_still_may(desk: Desk, clock: Clock) -> None:
    user = desk.add_user("dana", [Role.SUPERVISOR])
    async with desk.browser() as browser:
        await browser.sign_in()
        cookie = f"voiceagent={browser.cookies['voiceagent']}"
    dana = await principal(desk, {"Cookie": cookie})
    may = desk.security.still_may
    for _ in range(3):
        # Asking keeps the session in use.
        clock.advance(3000)
        assert await may(dana, Permission.WATCH_BOARD)
    assert not await may(dana, Permission.READ_AUDIT)
    desk.store.set_disabled(user.id, True)
    assert not await may(dana, Permission.WATCH_BOARD)


async def test_a_stream_of_a_machine_ends_with_its_token(desk: Desk, clock: Clock) -> None:
    made = desk.add_token("the token")
    machine = await principal(desk, {"Authorization": "Bearer the token"})
    may = desk.security.still_may
    assert await may(machine, Permission.WATCH_BOARD)
    assert not await may(machine, Permission.TAKE_HANDOFFS)
    desk.store.revoke_token(made.id, clock())
    assert not await may(machine, Permission.WATCH_BOARD)


async def test_no_secret_is_in_the_text_of_who_asks(desk: Desk) -> None:
    desk.add_user()
    async with desk.browser() as browser:
        await browser.sign_in()
        token = browser.cookies["voiceagent"]
    dana = await principal(desk, {"Cookie": f"voiceagent={token}"})
    assert token not in repr(dana)
    assert dana.permissions == permissions_of([Role.AGENT])
    assert replace(dana, permissions=frozenset()).may(Permission.USE_DESK) is False
