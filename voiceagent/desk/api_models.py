"""What the supervisors' side of the API answers and takes, for its OpenAPI description.

Times are ISO 8601 UTC; what ends in ``_ms`` is milliseconds of the call's audio since it was
answered. What a log says (turns, verdicts, packets) is described by the domain's own records; see
``docs/outputs.md``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from voiceagent.domain.call import CallOutcome, CallState
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.domain.packet import Packet
from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.domain.verdict import Action, Repair, Trigger, TriggerKind
from voiceagent.handoff.roster import Availability
from voiceagent.store.desk_records import Disposition

LogEvent = dict[str, Any]
"""One line of ``events.jsonl``."""


class BriefTrigger(BaseModel):
    """One ground of a verdict, in a word."""

    kind: TriggerKind
    detail: str = Field(description="More of it; may be empty.")


class BriefVerdict(BaseModel):
    """The supervisor's latest conclusion."""

    action: Action = Field(description="What should happen.")
    confidence: float = Field(description="0 to 1.")
    triggers: list[BriefTrigger] = Field(description="On what grounds.")
    turn: int = Field(description="The caller's turn it follows; 0 before the first.")


class Words(BaseModel):
    """What was said last."""

    speaker: Speaker
    text: str


class LiveCall(BaseModel):
    """A call in progress."""

    call_id: str
    customer_name: str = Field(description="As the records have it; empty where unknown.")
    account_id: str
    language: str = Field(description="BCP 47 primary tag.")
    leg: str = Field(description="How the callee is reached, e.g. `webrtc`.")
    state: CallState
    started_at: datetime = Field(description="When it was placed.")
    answered_at: datetime | None = Field(description="When somebody picked up.")
    mood: list[float] = Field(description="Frustration at each turn of the caller, 0 to 1.")
    last_verdict: BriefVerdict | None
    last_words: Words | None
    human: str | None = Field(description="The name of the person who has, or gets, the call.")


class BoardHuman(BaseModel):
    """Somebody who may be given calls."""

    id: str
    name: str
    availability: Availability
    engaged: bool = Field(description="Being rung, or talking.")
    call_id: str | None = Field(description="About or in which call, if it runs here.")


class BoardCounts(BaseModel):
    """Calls in numbers."""

    live: int = Field(description="In progress.")
    on_hold: int = Field(description="Of these, waiting for a person.")
    bridged: int = Field(description="Of these, with a person.")
    ended_today: int = Field(description="Begun since midnight where the service runs, and over.")
    handed_over_today: int = Field(description="Of these, taken by a person.")


class BoardState(BaseModel):
    """All that is going on."""

    calls: list[LiveCall] = Field(description="In the order in which they were placed.")
    humans: list[BoardHuman]
    counts: BoardCounts


class SessionOffer(BaseModel):
    """A browser's offer (RFC 8829), all its candidates inside."""

    sdp: str = Field(max_length=65_536)
    type: str = Field(default="offer", pattern="^offer$")


class ListenAnswer(BaseModel):
    """Our answer to a listener."""

    sdp: str
    type: str = Field(default="answer", description="`answer`.")
    listen_id: str = Field(description="For ending it.")


class Hint(BaseModel):
    """Something for the AI to heed."""

    model_config = ConfigDict(str_strip_whitespace=True)

    text: str = Field(min_length=1, max_length=2000, description="The caller does not hear it.")


class CallRow(BaseModel):
    """A call in one line."""

    id: str
    account_id: str
    customer_name: str = Field(description="As the records had it; empty where unknown.")
    phone: str = Field(description="E.164, or empty.")
    playbook: str
    language: str = Field(description="BCP 47 primary tag.")
    leg: str
    started_at: datetime
    ended_at: datetime | None = Field(
        description="None while it runs. A call that was cut off has the moment it stopped, and "
        "no outcome."
    )
    state: CallState
    outcome: CallOutcome | None
    handoff_outcome: HandoffOutcome | None = Field(description="Of its last handoff.")
    duration_ms: int = Field(description="How far its log tells.")


class CallPage(BaseModel):
    """One page of a search."""

    calls: list[CallRow] = Field(description="The latest first.")
    page: int
    pages: int = Field(description="At least 1.")
    total: int = Field(description="How many fit, on all pages.")


class HandoffSummary(BaseModel):
    """The last handoff; all empty if there was none."""

    outcome: HandoffOutcome | None
    path: list[str] = Field(description="The states it went through.")
    human: str | None = Field(description="Roster id of who accepted last, else was rung last.")
    human_name: str | None = Field(default=None, description="The same as people read it.")


class NumberedVerdict(BaseModel):
    """A verdict and its number in the log, by which it is marked."""

    seq: int
    at_ms: int
    turn: int
    action: Action
    confidence: float
    triggers: list[Trigger]
    repair: Repair
    frustration: float


class Summary(BaseModel):
    """`summary.json`, and the number of each verdict."""

    call_id: str
    account_id: str | None
    playbook: str | None
    language: str | None
    started_at: datetime
    ended_at: datetime | None
    duration_ms: int
    outcome: CallOutcome | None
    reason: str | None
    handoff: HandoffSummary
    verdicts: list[NumberedVerdict]
    latency: dict[str, Any]
    callbacks: list[dict[str, Any]]
    do_not_call: dict[str, Any] | None
    guarded_replies: list[dict[str, Any]]
    final: dict[str, Any] | None
    cut_off: bool


class Transcript(BaseModel):
    """`transcript.json`."""

    call_id: str
    account_id: str | None
    language: str | None
    turns: list[Turn]


class Mark(BaseModel):
    """Whether a verdict was right, as somebody sees it."""

    seq: int = Field(description="The verdict's number in the log.")
    right: bool
    note: str
    by: str = Field(description="Who, as people read it.")
    by_id: str
    at: datetime


class MarkBody(BaseModel):
    """Whether a verdict was right."""

    right: bool
    note: str = Field(default="", max_length=2000)


class WrapUpView(BaseModel):
    """What the call came to, as the person who held it says."""

    disposition: Disposition
    note: str
    by: str = Field(description="Who, as people read it.")
    by_id: str
    at: datetime
    callback_due_at: datetime | None


class NoteView(BaseModel):
    """What somebody typed during the call."""

    by: str = Field(description="Who, as people read it.")
    by_id: str
    text: str
    updated_at: datetime


class CallRecord(BaseModel):
    """Everything written about one call."""

    call: CallRow
    summary: Summary | None = Field(description="None while its log is empty.")
    transcript: Transcript
    packet: Packet | None = Field(description="The handoff packet's last version.")
    verdict_marks: list[Mark] = Field(description="In the log's order.")
    wrap_up: WrapUpView | None = Field(description="The latest.")
    notes: list[NoteView] = Field(description="The latest last.")
    has_recording: bool = Field(description="Whether the whole call can be heard.")


class CallReport(CallRecord):
    """Everything written about one call, for whoever asks."""

    media_token: str | None = Field(
        description="Opens the recording, its peaks and parts for ten minutes, while the call "
        "runs as far as it is written; None where there is none, or they may not hear it."
    )


class CallExport(CallRecord):
    """Everything written about one call, its log included."""

    events: list[LogEvent] = Field(description="`events.jsonl`.")


class CallSnapshot(BaseModel):
    """The first event of a call's stream."""

    call: CallRow
    packet: Packet | None
    events: list[LogEvent]


class Peaks(BaseModel):
    """A recording's loudest samples, for drawing."""

    bucket_ms: int = Field(description="What each number stands for.")
    caller: list[float] = Field(description="0 to 1.")
    agent: list[float] = Field(description="0 to 1; the human's, once they talk.")


class PromptProblem(BaseModel):
    """What is wrong with a prompt file, and where."""

    line: int | None = Field(description="From 1.")
    column: int | None = Field(description="From 1.")
    field: str
    problem: str
    remedy: str


class PromptFileView(BaseModel):
    """One prompt file."""

    path: str = Field(description="Within the prompts folder.")
    kind: str = Field(
        description="`playbook`, `phrases`, `guidance`, `persona`, `examples`, `questions`, "
        "`supervisor`, `knowledge`, `hold`, `summary`, or the name of its folder."
    )
    language: str = Field(description="BCP 47 primary tag; empty if it is for all.")
    text: str = Field(description="As it stands on disk.")
    used: str = Field(
        description="What calls use: `current`, `last_good` (it is broken, and what it held "
        "before is used) or `none` (it never was good)."
    )
    problem: PromptProblem | None


class PromptsView(BaseModel):
    """All prompt files."""

    loaded_at: datetime
    ok: bool = Field(description="Whether every file is used as it stands.")
    files: list[PromptFileView]


class IceServerView(BaseModel):
    """A STUN or TURN server, as `RTCPeerConnection` takes it."""

    urls: list[str]
    username: str = ""
    credential: str = ""


class PublicSettings(BaseModel):
    """What pages need to know before anybody signs in."""

    company: str
    ice_servers: list[IceServerView]
    wrap_up_s: float = Field(description="How long a wrap-up lasts at the most.")
    customer_page: bool = Field(description="Whether `/call` is open.")
    ring_timeout_s: float = Field(description="How long a human is rung.")
    version: str


class Alive(BaseModel):
    """The event loop turns."""

    status: str = "ok"


class Ready(BaseModel):
    """Whether calls can be placed."""

    ready: bool
    checks: dict[str, bool] = Field(description="Each part by its name.")
