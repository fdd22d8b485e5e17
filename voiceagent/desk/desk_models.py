"""What the agents' desk says and is told, as JSON; the API's description is made from it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from voiceagent.domain.packet import Packet
from voiceagent.domain.verdict import Trigger
from voiceagent.handoff.roster import Availability
from voiceagent.store.desk_records import Disposition

LONGEST_NOTE = 5000
_LONGEST_SDP = 64 * 1024


class NoticeCode(StrEnum):
    """Why an offer ended without this person."""

    TAKEN_BY_OTHER = "taken_by_other"
    CALLER_LEFT = "caller_left"
    TIMED_OUT = "timed_out"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    CALL_ENDED = "call_ended"


class Notice(BaseModel):
    """Something to be told once."""

    code: NoticeCode
    text: str = Field(description="A sentence for people.")


class OfferKind(StrEnum):
    """Why a call rings here."""

    HANDOFF = "handoff"
    TAKE_OVER = "take_over"
    """The person asked for it."""


class Offer(BaseModel):
    """A call that rings."""

    id: str = Field(description="Of this ring; accept or decline it by this.")
    call_id: str
    customer_name: str = Field(description="Empty where unknown.")
    matter: str = Field(description="One sentence; empty before it is known.")
    why: tuple[Trigger, ...] = Field(description="On what grounds a person is needed.")
    mood: str = Field(description="A word, e.g. calm, tense, upset.")
    frustration: float = Field(ge=0, le=1)
    language: str = Field(description="BCP 47 primary tag.")
    phone: str = Field(description="Empty where unknown.")
    waiting_s: float = Field(description="How long the caller has been on hold.")
    ring_timeout_s: float
    rung_at: datetime
    packet: Packet | None
    kind: OfferKind


class Stage(StrEnum):
    """How far a call that was accepted has come."""

    CONNECTING = "connecting"
    BRIEFING = "briefing"
    BRIDGED = "bridged"
    ON_HOLD = "on_hold"
    ENDED = "ended"


class LineState(StrEnum):
    """Whether sound goes both ways on somebody's line."""

    NONE = "none"
    CONNECTING = "connecting"
    UP = "up"
    LOST = "lost"


class DeskCall(BaseModel):
    """The call somebody holds."""

    call_id: str
    customer_name: str
    stage: Stage
    since: datetime = Field(description="When they were joined; before that, when it was accepted.")
    handoff_id: str
    packet: Packet | None
    media: LineState
    transfer: bool = Field(description="Another person has talked with the caller before.")


class WrapUp(BaseModel):
    """The call somebody is to write about before the next one rings."""

    call_id: str
    customer_name: str
    until: datetime | None = Field(description="Then it ends by itself.")
    packet: Packet | None
    dispositions: tuple[Disposition, ...] = tuple(Disposition)


class Queue(BaseModel):
    """How much goes on."""

    calls_live: int
    waiting: int = Field(description="Callers on hold for a person.")
    humans_free: int = Field(description="Others who could be rung now.")


class DeskState(BaseModel):
    """Everything the desk of one person shows; sent whole."""

    availability: Availability
    offer: Offer | None
    call: DeskCall | None
    wrap_up: WrapUp | None
    queue: Queue
    notice: Notice | None = Field(
        default=None, description="Only in one `state` event of each stream, else not there."
    )


class AvailabilityBody(BaseModel):
    """What somebody wants to be."""

    availability: Literal[Availability.AVAILABLE, Availability.PAUSED, Availability.OFFLINE]


class MediaOffer(BaseModel):
    """A browser's offer (RFC 8829), all its candidates in it."""

    sdp: str = Field(max_length=_LONGEST_SDP)
    type: Literal["offer"] = "offer"


class MediaAnswer(BaseModel):
    """Our answer, all our candidates in it."""

    sdp: str
    type: Literal["answer"] = "answer"
    media_id: str = Field(description="Of this connection, for telling it from the next one.")


class DeclineBody(BaseModel):
    """Why somebody does not take a call."""

    reason: str = Field(default="", max_length=500, description="Kept in the audit if given.")


class HoldBody(BaseModel):
    """Whether the caller is to wait."""

    on: bool


class SendBackBody(BaseModel):
    """What the AI is to do with the caller it gets back."""

    instruction: str = Field(default="", max_length=2000)


class NoteBody(BaseModel):
    """What somebody has typed so far."""

    text: str = Field(max_length=LONGEST_NOTE)


class FollowUp(BaseModel):
    """A callback that was promised to the caller."""

    due_at: AwareDatetime
    reason: str = Field(default="", max_length=500)


class WrapUpBody(BaseModel):
    """What a call came to."""

    disposition: Disposition
    note: str = Field(default="", max_length=LONGEST_NOTE)
    callback: FollowUp | None = None


CallId = Annotated[str, Field(max_length=200)]
