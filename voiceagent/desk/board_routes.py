"""``/api/board``, and what may be done with a call in progress: follow, hear, help, take over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sse_starlette import ServerSentEvent

from voiceagent.calls.readings import Log
from voiceagent.desk.access import require_sight, still_may_see
from voiceagent.desk.api_models import BoardState, Hint, ListenAnswer, SessionOffer
from voiceagent.desk.audit import Deed
from voiceagent.desk.error_answers import problems
from voiceagent.desk.live_calls import FollowedCall
from voiceagent.desk.parts import Running, running
from voiceagent.desk.permissions import Permission
from voiceagent.desk.refusals import (
    CallRefusedError,
    LineBusyError,
    NoMediaError,
    NotAnsweredError,
    NotLiveError,
)
from voiceagent.desk.security import CurrentUser, Principal, require
from voiceagent.desk.streams import (
    EventStream,
    Snapshot,
    call_events,
    ended_call_events,
    state_events,
)
from voiceagent.domain.errors import CallControlError
from voiceagent.legs.desk_line import DeskLine

# A browser's offer of 64 KiB is the longest that is read, and JSON makes it longer.
_LARGEST_BODY = 160_000

_LINE_UP_S = 2.0
_LINE_UP_TRIES = 40

_EVENTS = {"content": {"text/event-stream": {"schema": {"type": "string"}}}}

Desk = Annotated[Running, Depends(running)]

router = APIRouter(tags=["board"], max_body_size=_LARGEST_BODY, responses=problems(401, 403))


@router.get(
    "/api/board",
    summary="All that is going on",
    dependencies=[Depends(require(Permission.WATCH_BOARD))],
)
async def read_board(desk: Desk) -> BoardState:
    """Calls in progress, everybody at the desk, and today's numbers."""
    return await desk.board.state()


@router.get(
    "/api/board/events",
    summary="All that is going on, as it changes",
    response_class=Response,
    responses={200: {**_EVENTS, "description": "`snapshot`, then `state`: a whole BoardState."}},
)
async def follow_board(
    desk: Desk, user: Annotated[Principal, Depends(require(Permission.WATCH_BOARD))]
) -> EventStream:
    """Server-sent events: the whole state at first, and again whenever it changes.

    A slow reader skips what is no longer true. The stream ends when the session does.
    """
    security, options = desk.desk.security, desk.desk.options.streams

    async def may_follow() -> bool:
        return await security.still_may(user, Permission.WATCH_BOARD)

    events = state_events(desk.board.feed, desk.board.state, may_follow, options)
    return EventStream(events, options)


@router.get(
    "/api/calls/{call_id}/stream",
    summary="A call as it happens",
    response_class=Response,
    responses={
        200: {
            **_EVENTS,
            "description": "`snapshot`: a CallSnapshot; `event`: a line of `events.jsonl`, for "
            'each new one; `end`: `{"outcome"}`, then the stream is over.',
        },
        **problems(404),
    },
)
async def follow_call(call_id: str, desk: Desk, user: CurrentUser) -> EventStream:
    """Server-sent events of one call: all so far, then each as it is written.

    Of a call that does not run here there is the snapshot and the end, whose outcome is null if the
    call was cut off (or runs in another process). For supervisors, and for the agent who is offered
    the call, has it, or wraps it up.
    """
    lines, security = desk.desk.lines, desk.desk.security
    require_sight(user, Permission.FOLLOW_CALLS, lines, call_id)
    options = desk.desk.options.streams
    call = desk.desk.live_calls.get(call_id)

    async def may_follow() -> bool:
        return await still_may_see(security, user, Permission.FOLLOW_CALLS, lines, call_id)

    events: AsyncIterator[ServerSentEvent]
    if call is None:
        snapshot, outcome = await asyncio.to_thread(_snapshot, desk, call_id, None)
        events = ended_call_events(snapshot, outcome)
    else:
        snapshot, _ = await asyncio.to_thread(_snapshot, desk, call_id, call.events())
        events = call_events(call, snapshot, may_follow, options)
    # Whoever reads along has read the call as well.
    await security.audit.record(user.id, Deed.CALL_READ, call_id)
    return EventStream(events, options)


@router.post(
    "/api/calls/{call_id}/listen", summary="Listen in", responses=problems(400, 404, 409, 422)
)
async def listen(
    call_id: str,
    offer: SessionOffer,
    desk: Desk,
    user: Annotated[Principal, Depends(require(Permission.LISTEN_IN))],
) -> ListenAnswer:
    """Hear both sides of a call, mixed, without being heard.

    It ends with the call, with the session, and by DELETE of its `listen_id`.
    """
    security = desk.desk.security
    leg = (await _live(desk, call_id)).controls.leg
    if not leg.is_up:
        raise NotAnsweredError

    async def may_listen() -> bool:
        return await security.still_may(user, Permission.LISTEN_IN)

    await security.audit.record(user.id, Deed.CALL_LISTENED, call_id)
    listen_id, sdp = await desk.listeners.open(call_id, leg, user.id, offer.sdp, may_listen)
    return ListenAnswer(sdp=sdp, type="answer", listen_id=listen_id)


@router.delete(
    "/api/calls/{call_id}/listen/{listen_id}",
    summary="Stop listening",
    status_code=204,
    responses=problems(404),
)
async def stop_listening(
    call_id: str,
    listen_id: str,
    desk: Desk,
    user: Annotated[Principal, Depends(require(Permission.LISTEN_IN))],
) -> None:
    """End one's own listening; harmless if it is over."""
    await desk.listeners.end(listen_id, call_id, user.id)


@router.post(
    "/api/calls/{call_id}/hint",
    summary="Whisper to the AI",
    status_code=202,
    responses=problems(404, 409, 422),
)
async def hint(
    call_id: str,
    body: Hint,
    desk: Desk,
    user: Annotated[Principal, Depends(require(Permission.HINT))],
) -> None:
    """The AI heeds it from its next answer on; the caller never hears it word for word."""
    call = await _live(desk, call_id)
    await _wished(call.controls.hint(user.id, body.text))
    await _note(desk, user, Deed.HINT_GIVEN, call_id)


@router.post(
    "/api/calls/{call_id}/take-over",
    summary="Take a call over",
    status_code=202,
    responses=problems(404, 409),
)
async def take_over(
    call_id: str,
    desk: Desk,
    user: Annotated[Principal, Depends(require(Permission.TAKE_OVER))],
) -> None:
    """Have the call rung on one's own line, as an offer of the kind `take_over`.

    `no_media` if that line is not open: the caller is not told of a person who cannot come.
    """
    call = await _live(desk, call_id)
    line = desk.desk.lines.line_of(user.id)
    if line is None or not await _comes_up(line):
        raise NoMediaError
    if line.leg is not None:
        raise LineBusyError
    desk.desk.lines.ensure_on_roster(user)
    await _wished(call.controls.take_over(user.id))
    await _note(desk, user, Deed.CALL_TAKEN_OVER, call_id)


@router.post(
    "/api/calls/{call_id}/end",
    summary="End a call",
    status_code=202,
    responses=problems(404, 409),
)
async def end(
    call_id: str,
    desk: Desk,
    user: Annotated[Principal, Depends(require(Permission.END_CALLS))],
) -> None:
    """Let the AI say goodbye and hang up."""
    call = await _live(desk, call_id)
    await _wished(call.controls.end(user.id))
    await _note(desk, user, Deed.CALL_ENDED, call_id)


async def _live(desk: Running, call_id: str) -> FollowedCall:
    """A call in progress.

    Raises:
        CallNotFoundError: there is no such call.
        NotLiveError: it is over, or runs elsewhere.
    """
    call = desk.desk.live_calls.get(call_id)
    if call is None or call.over:
        await asyncio.to_thread(desk.past_calls.call, call_id)
        raise NotLiveError
    return call


async def _comes_up(line: DeskLine) -> bool:
    """Whether a line is up, or is about to be: the browser knows of its connection before we do."""
    for _ in range(_LINE_UP_TRIES):
        if line.is_up:
            return True
        await asyncio.sleep(_LINE_UP_S / _LINE_UP_TRIES)
    return line.is_up


async def _wished(wish: Awaitable[None]) -> None:
    try:
        await wish
    except CallControlError as error:
        raise CallRefusedError(error) from error


async def _note(desk: Running, user: Principal, deed: Deed, call_id: str) -> None:
    """Into the audit, once it is done: who wanted it is in the call's own log from before."""
    await desk.desk.security.audit.record(user.id, deed, call_id)


def _snapshot(desk: Running, call_id: str, events: Log | None) -> tuple[Snapshot, str | None]:
    """A call's snapshot, as JSON, and its outcome. Blocks: a long log takes a while to encode."""
    told, events = desk.past_calls.snapshot(call_id, events)
    last_seq = events[-1].seq if events else 0
    return Snapshot(told.model_dump_json(), last_seq), told.call.outcome
