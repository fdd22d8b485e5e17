"""``/api/calls``: the search, a call's report and export, its sound, and marks on verdicts."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import FileResponse
from pydantic import AwareDatetime

from voiceagent.desk.access import may_see, require_sight
from voiceagent.desk.api_models import CallExport, CallPage, CallReport, MarkBody, Peaks
from voiceagent.desk.audit import Deed
from voiceagent.desk.error_answers import problems
from voiceagent.desk.media_tokens import MediaPurpose
from voiceagent.desk.parts import Running, running
from voiceagent.desk.permissions import Permission
from voiceagent.desk.refusals import NoRecordingError
from voiceagent.desk.security import CurrentUser, Principal, require
from voiceagent.domain.call import CallOutcome
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.store.call_search import LONGEST_TEXT
from voiceagent.store.desk_records import VerdictMark

_LARGEST_BODY = 16_384
_LAST_PAGE = 100_000
_LONGEST_TOKEN = 1024
_WAV = "audio/wav"
_JSON = "application/json"

Desk = Annotated[Running, Depends(running)]
Token = Annotated[
    str, Query(max_length=_LONGEST_TOKEN, description="`media_token` of the call's report.")
]

Seq = Annotated[
    int, Path(ge=1, le=2_147_483_647, description="The verdict's number in the call's log.")
]

router = APIRouter(
    prefix="/api/calls", tags=["calls"], max_body_size=_LARGEST_BODY, responses=problems(401, 403)
)


@router.get(
    "",
    summary="Search calls",
    responses=problems(422),
    dependencies=[Depends(require(Permission.READ_CALLS))],
)
async def search(
    desk: Desk,
    *,
    text: Annotated[
        str,
        Query(
            max_length=LONGEST_TEXT, description="A part of identifier, account, number or name."
        ),
    ] = "",
    outcome: Annotated[CallOutcome | None, Query(description="What the call came to.")] = None,
    handoff: Annotated[
        HandoffOutcome | None, Query(description="What its last handoff came to.")
    ] = None,
    since: Annotated[
        AwareDatetime | None, Query(alias="from", description="Begun then or later.")
    ] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="Begun before.")] = None,
    account: Annotated[str, Query(max_length=64, description="Exactly this account.")] = "",
    page: Annotated[int, Query(ge=1, le=_LAST_PAGE, description="From 1.")] = 1,
) -> CallPage:
    """Calls that fit everything given, the latest first."""
    return await asyncio.to_thread(
        desk.past_calls.search,
        text,
        outcome,
        handoff,
        since=since,
        until=until,
        account=account,
        page=page,
    )


@router.get(
    "/{call_id}",
    summary="A call's report",
    response_model=CallReport,
    responses=problems(404),
)
async def report(call_id: str, desk: Desk, user: CurrentUser) -> Response:
    """Everything written about a call, also while it runs.

    For supervisors, and for the agent who is offered the call, has it, or wraps it up.
    """
    lines, security = desk.desk.lines, desk.desk.security
    require_sight(user, Permission.READ_CALLS, lines, call_id)
    hears = may_see(user, Permission.HEAR_RECORDINGS, lines, call_id)

    def told() -> str:
        # A long call is long to encode, too: not on the event loop.
        record = desk.past_calls.record(call_id, user.id)
        token = None
        if hears and desk.recordings.begun(call_id):
            token = security.media_tokens.sign(MediaPurpose.RECORDING, call_id, user.id)
        return CallReport(**dict(record), media_token=token).model_dump_json()

    text = await asyncio.to_thread(told)
    await security.audit.record(user.id, Deed.CALL_READ, call_id)
    return Response(text, media_type=_JSON)


@router.get(
    "/{call_id}/export",
    summary="Everything of a call as a file",
    response_model=CallExport,
    responses=problems(404),
)
async def export(
    call_id: str,
    desk: Desk,
    user: Annotated[Principal, Depends(require(Permission.EXPORT_CALLS))],
) -> Response:
    """The report and the log, as a JSON attachment."""

    def told() -> str:
        return desk.past_calls.export(call_id).model_dump_json()

    text = await asyncio.to_thread(told)
    await desk.desk.security.audit.record(user.id, Deed.CALL_EXPORTED, call_id)
    name = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in call_id)
    headers = {"Content-Disposition": f'attachment; filename="call-{name}.json"'}
    return Response(text, media_type=_JSON, headers=headers)


# Sound. Who asks is known by their session, that they were let to the call by the token.


async def may_hear(call_id: str, token: Token, desk: Desk, user: CurrentUser) -> Principal:
    """Dependency: whoever asks, if they may hear this call and their link is for it.

    Raises:
        NotAllowedError: the call is not theirs to hear.
        MediaTokenWrongError, MediaTokenExpiredError: the link is not.
        CallNotFoundError: there is no such call.
    """
    require_sight(user, Permission.HEAR_RECORDINGS, desk.desk.lines, call_id)
    desk.desk.security.media_tokens.check(token, MediaPurpose.RECORDING, call_id, user.id)
    await asyncio.to_thread(desk.past_calls.call, call_id)
    return user


Hearer = Annotated[Principal, Depends(may_hear)]


@router.get(
    "/{call_id}/recording",
    summary="The recording",
    response_class=FileResponse,
    responses={
        200: {"content": {_WAV: {}}, "description": "Left caller, right AI or human."},
        206: {"content": {_WAV: {}}, "description": "The part asked for (RFC 9110, section 14)."},
        **problems(404),
    },
)
async def recording(call_id: str, token: Token, desk: Desk, user: Hearer) -> FileResponse:
    """The whole recording of a call that is over, as a stereo WAV file, by ranges where asked."""
    path = await asyncio.to_thread(desk.recordings.whole, call_id)
    if path is None:
        raise NoRecordingError
    # A player asks for it in many pieces; that is one hearing.
    if desk.heard.is_new(token):
        try:
            await desk.desk.security.audit.record(user.id, Deed.RECORDING_HEARD, call_id)
        except BaseException:
            desk.heard.forget(token)
            raise
    stat = await asyncio.to_thread(path.stat)
    return FileResponse(path, media_type=_WAV, stat_result=stat)


@router.get(
    "/{call_id}/audio",
    summary="A part of a call's sound",
    response_class=Response,
    responses={
        200: {"content": {_WAV: {}}, "description": "Both sides mixed."},
        **problems(400, 404, 409),
    },
)
async def part(
    call_id: str,
    desk: Desk,
    user: Hearer,
    from_ms: Annotated[int, Query(ge=0, description="Where it begins.")],
    to_ms: Annotated[int, Query(ge=0, description="Where it ends, two minutes later at most.")],
) -> Response:
    """A part of the recording as a mono WAV file; of a call in progress, as far as it is written.

    `not_recorded_yet` if the recording has not come so far.
    """
    call = desk.desk.live_calls.get(call_id)
    live = call is not None and call.view.info.folder is not None
    sound = await desk.recordings.part(call_id, from_ms, to_ms, live=live)
    detail = {"from_ms": from_ms, "to_ms": to_ms}
    await desk.desk.security.audit.record(user.id, Deed.RECORDING_HEARD, call_id, **detail)
    return Response(sound, media_type=_WAV)


@router.get(
    "/{call_id}/peaks",
    summary="The recording's shape",
    response_model=Peaks,
    responses=problems(404, 503),
    dependencies=[Depends(may_hear)],
)
async def peaks(call_id: str, desk: Desk) -> Response:
    """The loudest samples of both channels, for drawing."""
    return Response(await desk.recordings.peaks(call_id), media_type=_JSON)


# Marks.


@router.put(
    "/{call_id}/verdicts/{seq}/mark",
    summary="Mark a verdict",
    status_code=204,
    responses=problems(404, 422),
)
async def mark(
    call_id: str,
    seq: Seq,
    body: MarkBody,
    desk: Desk,
    user: Annotated[Principal, Depends(require(Permission.MARK_VERDICTS))],
) -> None:
    """Say whether a verdict was right. One's earlier mark on it goes."""
    now = desk.desk.security.audit.clock()
    made = VerdictMark(call_id, seq, body.right, body.note, user.id, now)
    await asyncio.to_thread(desk.desk.desk_store.mark_verdict, made)
    detail = {"seq": seq, "right": body.right}
    await desk.desk.security.audit.record(user.id, Deed.VERDICT_MARKED, call_id, **detail)


@router.delete(
    "/{call_id}/verdicts/{seq}/mark",
    summary="Take a mark back",
    status_code=204,
    responses=problems(404),
)
async def unmark(
    call_id: str,
    seq: Seq,
    desk: Desk,
    user: Annotated[Principal, Depends(require(Permission.MARK_VERDICTS))],
) -> None:
    """Take one's own mark on a verdict back; harmless if there is none."""
    await asyncio.to_thread(desk.past_calls.call, call_id)
    await asyncio.to_thread(desk.desk.desk_store.unmark_verdict, call_id, seq, user.id)
    await desk.desk.security.audit.record(
        user.id, Deed.VERDICT_MARKED, call_id, seq=seq, right=None
    )
