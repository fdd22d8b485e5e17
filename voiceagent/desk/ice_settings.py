"""How a STUN or TURN server is set; apart, so that reading settings loads no media."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class IceServerSetting(BaseModel):
    """A STUN or TURN server, as ``RTCIceServer`` of a browser has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    urls: tuple[str, ...] = Field(
        min_length=1, description="stun:host:port or turn:host:port?transport=udp (RFC 7064, 7065)."
    )
    username: str = Field(default="", description="For TURN.")
    credential: SecretStr = Field(
        default=SecretStr(""), description="For TURN; every browser that opens the desk learns it."
    )
