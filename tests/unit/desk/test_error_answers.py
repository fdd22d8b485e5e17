"""Errors come out in one form, with a fitting status, and repeat nothing that was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from fastapi import HTTPException

from tests.unit.desk.scene import Desk
from voiceagent.desk import errors as desk_errors
from voiceagent.desk.error_answers import status_of
from voiceagent.desk.errors import DeskError, NotAllowedError, TooManyAttemptsError
from voiceagent.domain.errors import (
    AccountNotFoundError,
    DiskFullError,
    InputError,
    LegNoAnswerError,
    VoiceAgentError,
)
from voiceagent.store import CallNotFoundError, StoreBusyError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("x"), 400),
        (AccountNotFoundError("x"), 404),
        (CallNotFoundError("x"), 404),
        (StoreBusyError("x"), 503),
        (DiskFullError("x"), 503),
        (LegNoAnswerError("x"), 502),
        (NotAllowedError(), 403),
        (TooManyAttemptsError(5), 429),
        (VoiceAgentError("x"), 500),
    ],
)
def test_the_most_specific_class_says_the_status(error: VoiceAgentError, status: int) -> None:
    assert status_of(error) == status


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        (
            "call",
            404,
            {"code": "store.call_not_found", "problem": "No such call.", "remedy": "Look."},
        ),
        (
            "disk",
            503,
            {"code": "store.disk_full", "problem": "No space is left.", "remedy": "Free some."},
        ),
        ("own", 500, {"code": "voiceagent.error", "problem": "It broke.", "remedy": ""}),
    ],
)
async def test_errors_of_ours(desk: Desk, path: str, status: int, body: object) -> None:
    async with desk.browser() as browser:
        answer = await browser.get(f"/api/test/fail/{path}")
    assert answer.status_code == status
    assert answer.json() == body


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nowhere", 404, "not_found"), ("PUT", "/api/session", 405, "method_not_allowed")],
)
async def test_errors_of_http(desk: Desk, method: str, path: str, status: int, code: str) -> None:
    async with desk.browser() as browser:
        answer = await browser.request(method, path)
    assert answer.status_code == status
    body = answer.json()
    assert body.keys() == {"code", "problem", "remedy"}
    assert body["code"] == code
    assert body["problem"].endswith(".")
    if status == 405:
        assert set(answer.headers["Allow"].split(", ")) & {"GET", "POST", "DELETE"}


@pytest.mark.parametrize(
    "content",
    [
        b'{"user": "dana", "password": {"secret": "hunter2 hunter2"}}',
        b'{"user": 5, "password": "hunter2 hunter2"}',
        b'{"user": "dana", "password": "' + b"hunter2 " * 600 + b'"}',
        b'{"user": "dana", "password": "hunter2',
        b'{"user": "\\ud800", "password": "hunter2 hunter2"}',
        b"hunter2",
    ],
)
async def test_a_request_that_does_not_fit_is_not_repeated(desk: Desk, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    async with desk.browser() as browser:
        answer = await browser.post("/api/session", content=content, headers=headers)
    assert answer.status_code == 422
    assert answer.json().keys() == {"code", "problem", "remedy"}
    assert answer.json()["code"] == "invalid_request"
    assert "hunter2" not in answer.text


async def test_a_body_without_end_is_not_read_to_its_end(desk: Desk) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10_000_000:
            sent += 10_000
            yield b"x" * 10_000

    async with desk.browser() as browser:
        answer = await browser.post("/api/session", content=body())
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert sent < 1_000_000


async def test_what_a_route_refuses_in_its_own_words(desk: Desk) -> None:
    @desk.app.get("/api/test/teapot")
    async def teapot() -> None:
        raise HTTPException(418, "no coffee here")

    async with desk.browser() as browser:
        answer = await browser.get("/api/test/teapot")
    problem = "The request was refused: no coffee here."
    assert answer.status_code == 418
    assert answer.json() == {"code": "http_418", "problem": problem, "remedy": ""}


def test_no_two_refusals_share_a_code() -> None:
    classes = [
        each
        for each in vars(desk_errors).values()
        if isinstance(each, type) and issubclass(each, DeskError)
    ]
    assert len({each.code for each in classes}) == len(classes) > 5
    assert all(400 <= each.status < 500 for each in classes)
