"""How a WebRTC connection with a browser is negotiated and closed; aiortc does the work.

What enters: the browser's offer. What leaves: a connection that carries one track of Opus each way
and no picture, or an error that says what is wrong with the offer. Signalling is one exchange: the
offer holds all candidates of the browser, the answer all of ours (no trickle ICE, RFC 8838).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiortc import (
    RTCConfiguration,
    RTCIceParameters,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.codecs import get_capabilities
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcicetransport import parse_stun_turn_uri

from voiceagent.domain.errors import InputError
from voiceagent.legs.webrtc_sound import hold_nothing_back

# Gathering asks the STUN server for at most 5 s, resolving names takes 1 s.
_ANSWER_DEADLINE_S = 10.0
_SETTLED_DEADLINE_S = 1.0
_LONGEST_OFFER = 64 * 1024


class OfferError(InputError):
    """A browser's offer cannot be answered."""

    code = "input.webrtc_offer"


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server: ``stun:host:port``, ``turn:host:port?transport=udp`` (RFC 7064, 7065).

    Raises:
        ValueError: a URL is neither.
    """

    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""

    def __post_init__(self) -> None:
        for url in self.urls:
            parse_stun_turn_uri(url)


def new_connection(ice_servers: Sequence[IceServer]) -> RTCPeerConnection:
    """A connection for one offer; aiortc's default, a public STUN server, is not used."""
    servers = [
        RTCIceServer(list(s.urls), s.username or None, s.credential or None) for s in ice_servers
    ]
    return RTCPeerConnection(RTCConfiguration(iceServers=servers))


async def negotiate(
    connection: RTCPeerConnection, sdp: str, track: MediaStreamTrack, *, microphone: bool
) -> MediaStreamTrack | None:
    """Take the offer and make the answer, which is then the connection's local description.

    Args:
        sdp: the offer (RFC 8829).
        track: what the browser is sent.
        microphone: whether it must send sound; if not, it is told not to.

    Returns:
        The microphone's track.

    Raises:
        OfferError: it is no offer, or one without sound, or it could not be answered in time.
    """
    if len(sdp) > _LONGEST_OFFER:
        raise OfferError("The offer is longer than any browser's.")
    wanted = "sendrecv" if microphone else "sendonly"
    sound = connection.addTransceiver(track, direction=wanted)
    codecs = get_capabilities("audio").codecs
    sound.setCodecPreferences([c for c in codecs if c.mimeType.lower() == "audio/opus"])
    if microphone:
        hold_nothing_back(sound.receiver)
    try:
        async with asyncio.timeout(_ANSWER_DEADLINE_S):
            await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
            for other in connection.getTransceivers():
                if other is not sound:
                    other.direction = "inactive"
            await connection.setLocalDescription()
    except TimeoutError as error:
        raise OfferError(
            "The offer could not be answered in time.", "Check the ICE servers in the settings."
        ) from error
    except Exception as error:  # The parser raises whatever the text makes it stumble over.
        raise OfferError(
            f"The offer cannot be used ({type(error).__name__}).",
            "Send the SDP of a browser's RTCPeerConnection with one audio track.",
        ) from error
    if sound.currentDirection != wanted:
        raise OfferError(
            "The offer sends no sound." if microphone else "The offer takes no sound.",
            "Add the microphone's track before the offer is made.",
        )
    return sound.receiver.track if microphone else None


async def close_wholly(connection: RTCPeerConnection) -> None:
    """Close a connection and leave no task of aiortc or aioice behind.

    One that is closed while it connects would otherwise go on to check consent, for ever.
    """
    transports = {t.receiver.transport.transport for t in connection.getTransceivers()}
    if connection.sctp is not None:
        transports.add(connection.sctp.transport.transport)
    connecting = [
        # Where connecting has begun, this only waits for its end.
        asyncio.create_task(transport.start(RTCIceParameters()), name="webrtc-ice-settles")
        for transport in transports
        if transport.state == "checking"
    ]
    if connecting:
        await asyncio.sleep(0)
    await connection.close()
    if connecting:
        await asyncio.wait(connecting, timeout=_SETTLED_DEADLINE_S)
        for task in connecting:
            await stopped(task)
        for transport in transports:
            await transport._connection.close()


async def stopped(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end, whatever it was."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
