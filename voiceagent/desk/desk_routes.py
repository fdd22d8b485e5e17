"""``/api/desk``: what the page of somebody who takes calls asks for, and its stream."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sse_starlette.sse import EventSourceResponse

from voiceagent.desk.desk_models import (
    AvailabilityBody,
    CallId,
    DeclineBody,
    DeskState,
    HoldBody,
    MediaAnswer,
    MediaOffer,
    NoteBody,
    SendBackBody,
    WrapUpBody,
)
from voiceagent.desk.desk_stream import PING_S, SEND_DEADLINE_S, desk_events
from voiceagent.desk.error_answers import problems
from voiceagent.desk.permissions import Permission
from voiceagent.desk.seats import Seats
from voiceagent.desk.security import Principal, require, security_of

_LARGEST_BODY = 128 * 1024
_NO_NOTICE = {"notice"}

AtDesk = Annotated[Principal, Depends(require(Permission.USE_DESK))]
"""A route's parameter: whoever asks, if they may have a line of their own."""


def desk_router(seats: Seats, ping_s: float = PING_S) -> APIRouter:
    """The routes of these seats.

    Args:
        ping_s: between two pings of a stream, each of which asks whether it may go on.
    """
    router = APIRouter(
        prefix="/api/desk",
        tags=["desk"],
        max_body_size=_LARGEST_BODY,
        responses=problems(401, 403),
    )
    _add_presence(router, seats)
    _add_stream(router, seats, ping_s)
    _add_offers(router, seats)
    _add_calls(router, seats)
    return router


def _add_presence(router: APIRouter, seats: Seats) -> None:
    @router.get("", summary="The desk as it is", response_model_exclude=_NO_NOTICE)
    async def read_desk(who: AtDesk) -> DeskState:
        """Everything the desk shows."""
        return seats.seat_of(who).state()

    @router.put(
        "/availability",
        summary="Be available, paused or offline",
        response_model_exclude=_NO_NOTICE,
        responses=problems(422),
    )
    async def choose_availability(body: AvailabilityBody, who: AtDesk) -> DeskState:
        """Whoever is available is rung as soon as their line is up.

        What is chosen during a call or its wrap-up counts from its end on.
        """
        deeds = seats.deeds_of(who)
        deeds.choose(body.availability)
        return deeds.seat.state()

    @router.post("/media", summary="Open one's line", responses=problems(400, 422))
    async def open_line(body: MediaOffer, who: AtDesk) -> MediaAnswer:
        """One standing line for each person; another offer replaces it.

        What is said on it is heard by nobody until a call is accepted.
        """
        answer = await seats.seat_of(who).line.open(body.sdp)
        return MediaAnswer(sdp=answer, media_id=secrets.token_urlsafe(8))

    @router.delete("/media", summary="Close one's line", status_code=204)
    async def close_line(who: AtDesk) -> None:
        """A call on it is lost."""
        await seats.seat_of(who).line.close()


def _add_stream(router: APIRouter, seats: Seats, ping_s: float) -> None:
    @router.get("/events", summary="The desk as it changes", response_class=EventSourceResponse)
    async def follow_desk(who: AtDesk, request: Request) -> EventSourceResponse:
        """Server-sent events: `snapshot`, then `state`, both with the whole `DeskState`."""
        still_may = partial(security_of(request).still_may, who, Permission.USE_DESK)
        events = desk_events(seats.seat_of(who), still_may, ping_s)
        # Our own pings, since they ask; the library's would not.
        return EventSourceResponse(events, ping=0, send_timeout=SEND_DEADLINE_S)


def _add_offers(router: APIRouter, seats: Seats) -> None:
    @router.post(
        "/offers/{offer_id}/accept",
        summary="Take the call that rings",
        response_model_exclude=_NO_NOTICE,
        responses=problems(409),
    )
    async def accept(offer_id: str, who: AtDesk) -> DeskState:
        """Refused with `no_media` (it goes on ringing), `taken_by_other` or `offer_over`."""
        deeds = seats.deeds_of(who)
        await deeds.accept(offer_id)
        return deeds.seat.state()

    @router.post(
        "/offers/{offer_id}/decline",
        summary="Do not take the call that rings",
        response_model_exclude=_NO_NOTICE,
        responses=problems(409, 422),
    )
    async def decline(offer_id: str, body: DeclineBody, who: AtDesk) -> DeskState:
        """Somebody else is sought at once."""
        deeds = seats.deeds_of(who)
        await deeds.decline(offer_id, body.reason)
        return deeds.seat.state()


def _add_calls(router: APIRouter, seats: Seats) -> None:
    @router.post(
        "/calls/{call_id}/hold",
        summary="Let the caller wait, or go on",
        response_model_exclude=_NO_NOTICE,
        responses=problems(409, 422),
    )
    async def hold(call_id: CallId, body: HoldBody, who: AtDesk) -> DeskState:
        """The caller hears music; neither hears the other."""
        deeds = seats.deeds_of(who)
        await deeds.hold(call_id, on=body.on)
        return deeds.seat.state()

    @router.post(
        "/calls/{call_id}/send-back",
        summary="Give the caller back to the AI",
        response_model_exclude=_NO_NOTICE,
        responses=problems(409, 422),
    )
    async def send_back(call_id: CallId, body: SendBackBody, who: AtDesk) -> DeskState:
        """The AI knows what was said meanwhile, and does what the instruction says."""
        deeds = seats.deeds_of(who)
        await deeds.send_back(call_id, body.instruction)
        return deeds.seat.state()

    @router.post(
        "/calls/{call_id}/end",
        summary="Hang up",
        response_model_exclude=_NO_NOTICE,
        responses=problems(409),
    )
    async def end(call_id: CallId, who: AtDesk) -> DeskState:
        """The caller is hung up on, and the wrap-up begins."""
        deeds = seats.deeds_of(who)
        deeds.end(call_id)
        return deeds.seat.state()

    @router.put(
        "/calls/{call_id}/note",
        summary="Keep a note",
        status_code=204,
        responses=problems(409, 422),
    )
    async def note(call_id: CallId, body: NoteBody, who: AtDesk) -> None:
        """Replaces what the same person noted of the call before."""
        await seats.deeds_of(who).note(call_id, body.text)

    @router.post(
        "/calls/{call_id}/wrap-up",
        summary="Write down what a call came to",
        response_model_exclude=_NO_NOTICE,
        responses=problems(409, 422),
    )
    async def wrap_up(call_id: CallId, body: WrapUpBody, who: AtDesk) -> DeskState:
        """A callback is booked; with `do_not_call` the number is blocked for good."""
        deeds = seats.deeds_of(who)
        await deeds.wrap_up(call_id, body)
        return deeds.seat.state()
