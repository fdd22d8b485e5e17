"""What the customer's page says and is told, as JSON; the API's description is made from it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, Field

from voiceagent.desk.desk_models import MediaOffer
from voiceagent.domain.call import CallOutcome
from voiceagent.domain.transcript import Speaker

_LONGEST_TOKEN = 1024


class CustomerAccount(BaseModel):
    """A customer of the sample company, to be for one call."""

    id: str
    name: str
    reason: str = Field(description="Why the company calls back.")
    language: str = Field(description="BCP 47 primary tag.")


class CustomerAccounts(BaseModel):
    """Everybody who may be chosen."""

    accounts: list[CustomerAccount]


class PlaceCallBody(MediaOffer):
    """Whom to call, and where: at this browser."""

    account_id: str = Field(max_length=200)


class PlacedCall(BaseModel):
    """A call that was placed; it is answered as soon as the connection is up."""

    call_id: str
    sdp: str
    type: Literal["answer"] = "answer"
    token: str = Field(description="Proves that a request comes from this call's customer.")


class CustomerProof(BaseModel):
    """Who asks: the customer of a call."""

    token: str = Field(max_length=_LONGEST_TOKEN)


class KeyBody(CustomerProof):
    """A key of the keypad."""

    key: str = Field(pattern="^[0-9*#]$")


class CustomerStage(StrEnum):
    """Where a call is, as its customer sees it."""

    CONNECTING = "connecting"
    TALKING = "talking"
    HOLDING = "holding"
    WITH_PERSON = "with_person"
    HELD = "held"
    """The person has put them on hold, and is coming back."""
    ENDED = "ended"


class CustomerState(BaseModel):
    """A call, as its customer sees it."""

    state: CustomerStage
    person: str = Field(default="", description="Whom they talk to; empty for the AI.")
    outcome: CallOutcome | None = Field(default=None, description="Once it has ended.")


class CustomerTurn(BaseModel):
    """What somebody said, as it was understood."""

    speaker: Speaker
    text: str
    number: int = Field(description="Position in the call's transcript, from 1.")
