"""Signing in and out over HTTP, with everything that is meant to go wrong."""

from __future__ import annotations

import asyncio
import logging

import pytest
from argon2 import PasswordHasher

from tests.unit.desk.scene import HERE, PASSWORD, Clock, Desk
from voiceagent.desk.passwords import Passwords
from voiceagent.desk.rate_limit import RateLimitOptions
from voiceagent.desk.security import SecurityOptions
from voiceagent.desk.sessions import SessionOptions
from voiceagent.store import DeskStore
from voiceagent.store.desk_records import Role

pytestmark = pytest.mark.unit

TLS = HERE.replace("http:", "https:")


async def test_signing_in_and_out(desk: Desk) -> None:
    desk.add_user("dana", [Role.AGENT, Role.SUPERVISOR])
    async with desk.browser() as browser:
        assert (await browser.get("/api/session")).status_code == 401
        signed_in = await browser.sign_in(" Dana ")
        assert signed_in.status_code == 200
        body = signed_in.json()
        assert body["user"] == {
            "id": "u-dana",
            "name": "Dana",
            "roles": ["agent", "supervisor"],
            "languages": ["en"],
            "skills": ["billing"],
        }
        assert len(body["csrf"]) == 64
        assert (await browser.get("/api/session")).json() == body
        assert (await browser.get("/")).json() == "Dana"
        token = browser.cookies["voiceagent"]
        signed_out = await browser.delete("/api/session")
        assert (signed_out.status_code, signed_out.content) == (204, b"")
        assert "voiceagent" not in browser.cookies
        browser.cookies.set("voiceagent", token)
        answer = await browser.get("/api/session")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
        assert (await browser.get("/")).json() == "nobody"
    assert [each.what for each in desk.store.audit_events()] == ["signed_out", "signed_in"]
    assert {each.who for each in desk.store.audit_events()} == {"u-dana"}


@pytest.mark.parametrize(
    ("base_url", "options", "name", "secure"),
    [
        (HERE, SecurityOptions(), "voiceagent", False),
        (TLS, SecurityOptions(), "__Host-voiceagent", True),
        (HERE, SecurityOptions(secure_cookies=True), "__Host-voiceagent", True),
    ],
)
async def test_the_cookie(
    store: DeskStore, clock: Clock, base_url: str, options: SecurityOptions, name: str, secure: bool
) -> None:
    desk = Desk(store, clock, options)
    desk.add_user()
    async with desk.browser(base_url) as browser:
        answer = await browser.sign_in()
        value, *attributes = answer.headers["Set-Cookie"].split("; ")
        assert value.startswith(f"{name}=")
        expected = {"httponly", "samesite=strict", "path=/"} | ({"secure"} if secure else set())
        assert {each.casefold() for each in attributes} == expected
        headers = {"Cookie": value}
        assert (await browser.get("/api/session", headers=headers)).status_code == 200


async def test_a_cookie_without_the_prefix_counts_for_nothing_over_tls(desk: Desk) -> None:
    desk.add_user()
    async with desk.browser() as plain, desk.browser(TLS) as secure:
        await plain.sign_in()
        cookie = f"voiceagent={plain.cookies['voiceagent']}"
        answer = await secure.get("/api/session", headers={"Cookie": cookie})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("dana", "wrong password"),
        ("dana", ""),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("no such name!\0", PASSWORD),
        ("gone", PASSWORD),
    ],
)
async def test_what_does_not_fit_is_refused_alike(desk: Desk, name: str, password: str) -> None:
    desk.add_user()
    desk.store.set_disabled(desk.add_user("gone").id, True)
    async with desk.browser() as browser:
        answer = await browser.sign_in(name, password)
        assert answer.status_code == 401
        assert answer.json() == {
            "code": "wrong_credentials",
            "problem": "User name and password do not fit.",
            "remedy": "Check both; whoever runs the desk can give you another password.",
        }
        assert "Set-Cookie" not in answer.headers
    (failed,) = desk.store.audit_events()
    known = {"dana": "u-dana", "gone": "u-gone"}.get(name, "")
    assert (failed.what, failed.who, failed.subject) == ("sign_in_failed", "", known)
    assert failed.detail == {"address": "192.0.2.1"}


async def test_too_many_failures_are_stopped_even_with_the_right_password(
    store: DeskStore, clock: Clock
) -> None:
    desk = Desk(store, clock, SecurityOptions(sign_in=RateLimitOptions(3, 100, 900)))
    desk.add_user()
    desk.add_user("lee")
    async with desk.browser() as browser:
        answers = [await browser.sign_in(password="wrong") for _ in range(3)]
        assert [each.status_code for each in answers] == [401] * 3
        for password in ("wrong", PASSWORD):
            answer = await browser.sign_in(password=password)
            assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
            assert 1 <= int(answer.headers["Retry-After"]) <= 900
        assert (await browser.sign_in("lee")).status_code == 200
    async with desk.browser(address="198.51.100.7") as elsewhere:
        assert (await elsewhere.sign_in()).status_code == 429


async def test_failures_that_come_at_once_are_all_counted(store: DeskStore, clock: Clock) -> None:
    desk = Desk(store, clock, SecurityOptions(sign_in=RateLimitOptions(3, 100, 900)))
    desk.add_user()
    async with desk.browser() as browser:
        answers = await asyncio.gather(*(browser.sign_in(password="wrong") for _ in range(20)))
    statuses = sorted(each.status_code for each in answers)
    assert statuses == [401] * 3 + [429] * 17


async def test_signing_in_again_ends_the_earlier_session(desk: Desk) -> None:
    desk.add_user()
    async with desk.browser() as browser:
        await browser.sign_in()
        earlier = browser.cookies["voiceagent"]
        await browser.sign_in()
        assert browser.cookies["voiceagent"] != earlier
        assert (await browser.get("/api/session")).status_code == 200
        browser.cookies.clear()
        browser.cookies.set("voiceagent", earlier)
        assert (await browser.get("/api/session")).status_code == 401


async def test_a_session_ends_by_the_clock(store: DeskStore, clock: Clock) -> None:
    options = SecurityOptions(sessions=SessionOptions(idle_s=600, longest_s=3600))
    desk = Desk(store, clock, options)
    desk.add_user()
    async with desk.browser() as browser:
        await browser.sign_in()
        clock.advance(599)
        assert (await browser.get("/api/session")).status_code == 200
        clock.advance(600)
        assert (await browser.get("/api/session")).status_code == 401
        await browser.sign_in()
        for _ in range(6):
            clock.advance(590)
            assert (await browser.get("/api/session")).status_code == 200
        clock.advance(60)
        assert (await browser.get("/api/session")).status_code == 401


@pytest.mark.parametrize("deed", ["disabled", "password"])
async def test_who_is_shut_out_is_so_at_once(desk: Desk, deed: str) -> None:
    user = desk.add_user()
    async with desk.browser() as browser:
        await browser.sign_in()
        assert (await browser.get("/api/test/me")).status_code == 200
        if deed == "disabled":
            desk.store.set_disabled(user.id, True)
        else:
            desk.store.set_password(user.id, desk.passwords.hash("another password"))
        assert (await browser.get("/api/test/me")).status_code == 401


async def test_a_hash_of_old_parameters_is_renewed_at_sign_in(desk: Desk) -> None:
    user = desk.add_user()
    old = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)).hash(PASSWORD)
    desk.store.set_password(user.id, old)
    async with desk.browser() as browser:
        assert (await browser.sign_in()).status_code == 200
        found = desk.store.credentials("dana")
        assert found is not None
        assert not desk.passwords.is_outdated(found.password_hash)
        assert (await browser.sign_in()).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
    ],
)
async def test_no_other_site_can_sign_somebody_in(desk: Desk, headers: dict[str, str]) -> None:
    desk.add_user()
    body = {"user": "dana", "password": PASSWORD}
    async with desk.browser() as browser:
        answer = await browser.post("/api/session", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_request")
    assert "Set-Cookie" not in answer.headers


async def test_a_form_of_another_site_cannot_even_be_read(desk: Desk) -> None:
    desk.add_user()
    content = f'{{"user": "dana", "password": "{PASSWORD}"}}'
    async with desk.browser() as browser:
        answer = await browser.post(
            "/api/session", content=content, headers={"Content-Type": "text/plain"}
        )
    assert answer.status_code == 422


async def test_neither_password_nor_token_gets_into_a_log(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    desk.add_user()
    async with desk.browser() as browser:
        await browser.sign_in(password="a wrong password")
        answer = await browser.sign_in()
        token = browser.cookies["voiceagent"]
        await browser.post("/api/test/change", headers={"X-CSRF-Token": "a wrong token"})
        await browser.get("/api/test/me", headers={"Authorization": "Bearer a-bearer-token"})
        await browser.delete("/api/session")
    text = "\n".join(f"{record.getMessage()} {record.args}" for record in caplog.records)
    assert text, "nothing was logged at all: this test sees nothing"
    secrets = [PASSWORD, "a wrong password", token, answer.json()["csrf"]]
    for secret in [*secrets, "a wrong token", "a-bearer-token", "Dana", "dana"]:
        assert secret not in text
    for event in desk.store.audit_events():
        assert not [secret for secret in secrets if secret in repr(event)]


async def test_the_description_tells_every_answer(desk: Desk) -> None:
    async with desk.browser() as browser:
        described = (await browser.get("/openapi.json")).json()
    routes = described["paths"]["/api/session"]
    assert routes.keys() == {"get", "post", "delete"}
    assert {"200", "401", "403", "422", "429"} <= routes["post"]["responses"].keys()
    refused = routes["post"]["responses"]["422"]["content"]["application/json"]["schema"]
    assert refused == {"$ref": "#/components/schemas/Problem"}
    assert {"session": []} in routes["get"]["security"]
    assert {"token": []} in routes["get"]["security"]
    for schema in ("SessionBody", "SignedInUser", "SignInBody", "Problem"):
        for field in described["components"]["schemas"][schema]["properties"].values():
            assert field.get("description") or "$ref" in field
