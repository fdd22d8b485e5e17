"""Every answer carries the headers, and none is held back."""

from __future__ import annotations

import asyncio
import logging

import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.unit.desk.scene import HERE, Desk
from voiceagent.desk.security_headers import CONTENT_SECURITY_POLICY, SecurityHeaders

pytestmark = pytest.mark.unit

ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self)",
}


def test_the_policy_is_the_contracts() -> None:
    assert CONTENT_SECURITY_POLICY == (
        "default-src 'self'; media-src 'self' blob:; img-src 'self' data:; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/api/session", 401),
        ("PUT", "/api/session", 405),
        ("POST", "/api/session", 422),
        ("GET", "/api/test/fail/own", 500),
        ("GET", "/api/test/fail/unforeseen", 500),
    ],
)
async def test_every_answer_has_them(desk: Desk, method: str, path: str, status: int) -> None:
    async with desk.browser() as browser:
        answer = await browser.request(method, path)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    assert answer.headers.get("Cache-Control") == ("no-store" if "/api/" in path else None)
    assert "Strict-Transport-Security" not in answer.headers


async def test_over_tls_browsers_are_told_to_stay_there(desk: Desk) -> None:
    async with desk.browser(HERE.replace("http:", "https:")) as browser:
        answer = await browser.get("/")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


async def test_an_answer_too_large_to_be_asked_has_them(desk: Desk) -> None:
    async with desk.browser() as browser:
        answer = await browser.post("/api/session", content=b"x" * 100_000)
    assert answer.status_code == 413
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_what_nobody_caught_is_answered_and_logged_without_its_words(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk.browser() as browser:
        answer = await browser.get("/api/test/fail/unforeseen")
    assert answer.json()["code"] == "internal"
    assert "4111" not in answer.text
    assert "RuntimeError" in caplog.text
    assert "scene.py" in caplog.text
    assert "4111" not in caplog.text
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def stream_until_asked(
    asked: asyncio.Event, *, fails: bool = False
) -> tuple[SecurityHeaders, list[Message]]:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        await asked.wait()
        if fails:
            raise RuntimeError("broke")
        await send({"type": "http.response.body", "body": b"data: 2\n\n"})

    return SecurityHeaders(application), []


SCOPE: Scope = {"type": "http", "path": "/api/desk/events", "scheme": "http", "method": "GET"}


async def nothing() -> Message:
    return {"type": "http.disconnect"}


async def test_a_stream_is_passed_on_as_it_comes() -> None:
    asked = asyncio.Event()
    application, sent = await stream_until_asked(asked)
    first = asyncio.Event()

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "http.response.body":
            first.set()

    running = asyncio.create_task(application(SCOPE, nothing, send))
    async with asyncio.timeout(10):
        await first.wait()
        assert [message.get("body") for message in sent] == [None, b"data: 1\n\n"]
        assert (b"cache-control", b"no-store") in sent[0]["headers"]
        asked.set()
        await running
    assert sent[-1]["body"] == b"data: 2\n\n"


async def test_a_stream_that_breaks_is_not_answered_twice() -> None:
    asked = asyncio.Event()
    asked.set()
    application, sent = await stream_until_asked(asked, fails=True)

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(RuntimeError, match="broke"):
        await application(SCOPE, nothing, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


async def test_what_is_not_http_is_left_alone() -> None:
    seen: list[str] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def send(message: Message) -> None:
        raise AssertionError

    await SecurityHeaders(application)({"type": "lifespan"}, nothing, send)
    assert seen == ["lifespan"]
