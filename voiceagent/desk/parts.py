"""What the desk's web application is made of, and how its routes find it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import APIRouter, Request

from voiceagent.desk.api_models import PublicSettings
from voiceagent.desk.board import Board
from voiceagent.desk.lines import Lines
from voiceagent.desk.listeners import ListenerOptions, Listeners
from voiceagent.desk.live_calls import LiveCalls
from voiceagent.desk.past_calls import PastCalls
from voiceagent.desk.recordings import HeardTokens, Recordings
from voiceagent.desk.security import DeskSecurity
from voiceagent.desk.streams import StreamOptions
from voiceagent.legs.webrtc_media import MediaPeer
from voiceagent.prompt_library import PromptLibrary
from voiceagent.store.desk_store import DeskStore
from voiceagent.store.store import Store

Check = Callable[[], Awaitable[bool]]
"""Whether a part of the service works; may raise instead of saying no."""


@dataclass(frozen=True, slots=True)
class DeskOptions:
    """Bounds and deadlines.

    Attributes:
        streams: of event streams.
        listeners: of people who listen in.
        check_deadline_s: a part that does not say in time whether it works does not.
    """

    streams: StreamOptions = field(default_factory=StreamOptions)
    listeners: ListenerOptions = field(default_factory=ListenerOptions)
    check_deadline_s: float = 3.0


@dataclass(frozen=True, slots=True)
class Desk:
    """What the application is handed.

    Attributes:
        security: who may do what.
        store: calls and their logs; open for as long as the application runs.
        desk_store: the desk's tables of it.
        live_calls: the calls in progress in this process.
        lines: everybody's own line.
        prompts: the prompt files.
        recordings_dir: a call's recording is ``recordings_dir / call_id / "call.wav"``.
        make_listening_media: an unused connection for a listener (``microphone=False``).
        settings: what ``GET /api/settings`` answers.
        checks: by name, what has to work before calls can be placed.
        routers: more routes: the agents' and the customer's.
        options: bounds and deadlines.
    """

    security: DeskSecurity
    store: Store
    desk_store: DeskStore
    live_calls: LiveCalls
    lines: Lines
    prompts: PromptLibrary
    recordings_dir: Path
    make_listening_media: Callable[[], MediaPeer]
    settings: PublicSettings
    checks: Mapping[str, Check] = field(default_factory=dict)
    routers: tuple[APIRouter, ...] = ()
    options: DeskOptions = field(default_factory=DeskOptions)


@dataclass(frozen=True, slots=True)
class Running:
    """The desk with what the application makes of its parts, found by ``running``."""

    desk: Desk
    board: Board
    listeners: Listeners
    recordings: Recordings
    past_calls: PastCalls
    heard: HeardTokens

    @classmethod
    def of(cls, desk: Desk) -> Running:
        """Make them; nothing runs yet."""
        recordings = Recordings(desk.recordings_dir)
        clock = desk.security.audit.clock
        return cls(
            desk=desk,
            board=Board(desk.live_calls, desk.store, desk.desk_store, clock),
            listeners=Listeners(desk.make_listening_media, desk.options.listeners),
            recordings=recordings,
            past_calls=PastCalls(desk.store, desk.desk_store, recordings),
            heard=HeardTokens(),
        )


def running(request: Request) -> Running:
    """The desk that answers this request."""
    found: Running = request.app.state.desk_running
    return found
